package dev.millrace.cli.torture;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Which faults come when: made from a seed, the same for the same seed. */
record Plan(List<Fault> faults) {
    /** No fault in the first moments, while the workers start. */
    private static final long QUIET_MILLIS = 3_000;

    Plan {
        faults = List.copyOf(faults);
    }

    /**
     * One fault.
     *
     * @param atMillis since the start of the run
     * @param target which worker; one beyond the last worker is the appender
     * @param millis how long it lasts, for those that last
     */
    record Fault(long atMillis, FaultKind kind, int target, long millis) {}

    static Plan of(long seed, long seconds, Profile profile, long leaseMillis, int workers) {
        Random random = new Random(seed);
        List<Fault> faults = new ArrayList<>();
        double at = QUIET_MILLIS;
        double mean = 1_000 / profile.faultsPerSecond();
        while (true) {
            at += mean * (0.25 + 1.5 * random.nextDouble());
            FaultKind kind = profile.drawFault(random);
            long millis = length(kind, random, leaseMillis, profile);
            boolean anyone = kind == FaultKind.CUT
                    || kind == FaultKind.CUT_BEFORE_COMMIT
                    || kind == FaultKind.CUT_AFTER_COMMIT
                    || kind == FaultKind.BLACK_HOLE
                    || kind == FaultKind.LATE_DELIVERY;
            int target = random.nextInt(anyone ? workers + 1 : workers);
            if (at > seconds * 1_000.0) {
                return new Plan(faults);
            }
            faults.add(new Fault((long) at, kind, target, millis));
        }
    }

    private static long length(FaultKind kind, Random random, long leaseMillis, Profile profile) {
        double part = random.nextDouble();
        return switch (kind) {
            case SIGSTOP, STANDSTILL -> (long) (leaseMillis * (1.1 + 0.9 * part));
            case BLACK_HOLE -> (long) (leaseMillis * (0.5 + 2 * part));
            case LATE_DELIVERY -> (long) (leaseMillis * (1.2 + 1.3 * part));
            case TABLE_LOCKED -> (long) (leaseMillis * (0.5 + 5 * part));
            case POSTGRES_CRASH -> (long) (leaseMillis * (profile == Profile.AIMED ? 0.5 + 1.5 * part : 0.6 * part));
            default -> 0;
        };
    }
}
