package dev.millrace.cli.torture;

import java.util.Locale;
import java.util.Map;
import java.util.Random;

/** What kind of work there is and which faults hit it. */
enum Profile {
    /** Much short work and every fault in its turn: what production might see in years. */
    BROAD(
            1_300,
            3_000,
            600,
            24,
            1.35,
            Map.ofEntries(
                    Map.entry(FaultKind.SIGKILL, 22),
                    Map.entry(FaultKind.SIGSTOP, 18),
                    Map.entry(FaultKind.SIGTERM, 6),
                    Map.entry(FaultKind.TERMINATE_BACKENDS, 10),
                    Map.entry(FaultKind.POSTGRES_CRASH, 3),
                    Map.entry(FaultKind.CUT, 10),
                    Map.entry(FaultKind.CUT_BEFORE_COMMIT, 12),
                    Map.entry(FaultKind.CUT_AFTER_COMMIT, 12),
                    Map.entry(FaultKind.BLACK_HOLE, 4),
                    Map.entry(FaultKind.LATE_DELIVERY, 4),
                    Map.entry(FaultKind.STANDSTILL, 1),
                    Map.entry(FaultKind.TABLE_LOCKED, 1),
                    Map.entry(FaultKind.KILL_APPENDER, 2))),

    /** Runs about as long as a lease, stalls just past it: aimed at the moments that random faults seldom meet. */
    AIMED(
            40,
            300,
            20, // what was lost must soon run again, or late answers meet nothing
            8,
            1.2,
            Map.ofEntries(
                    Map.entry(FaultKind.SIGKILL, 12),
                    Map.entry(FaultKind.SIGSTOP, 25),
                    Map.entry(FaultKind.SIGTERM, 5),
                    Map.entry(FaultKind.TERMINATE_BACKENDS, 6),
                    Map.entry(FaultKind.POSTGRES_CRASH, 5),
                    Map.entry(FaultKind.CUT, 4),
                    Map.entry(FaultKind.CUT_BEFORE_COMMIT, 6),
                    Map.entry(FaultKind.CUT_AFTER_COMMIT, 14),
                    Map.entry(FaultKind.BLACK_HOLE, 4),
                    Map.entry(FaultKind.LATE_DELIVERY, 15),
                    Map.entry(FaultKind.STANDSTILL, 3),
                    Map.entry(FaultKind.TABLE_LOCKED, 1),
                    Map.entry(FaultKind.KILL_APPENDER, 1)));

    private final int eventsPerSecond;
    private final int mostWaiting;
    private final int mostSuspects;
    private final int concurrency;
    private final double faultsPerSecond;

    @SuppressWarnings("ImmutableEnumChecker") // it is: made by Map.ofEntries, and never handed out
    private final Map<FaultKind, Integer> weights;

    Profile(
            int eventsPerSecond,
            int mostWaiting,
            int mostSuspects,
            int concurrency,
            double faultsPerSecond,
            Map<FaultKind, Integer> weights) {
        this.eventsPerSecond = eventsPerSecond;
        this.mostWaiting = mostWaiting;
        this.mostSuspects = mostSuspects;
        this.concurrency = concurrency;
        this.faultsPerSecond = faultsPerSecond;
        this.weights = weights;
    }

    static Profile of(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What the appenders try to append, in all. */
    int eventsPerSecond() {
        return eventsPerSecond;
    }

    /** How many events may wait to be claimed before the appenders pause. */
    int mostWaiting() {
        return mostWaiting;
    }

    /** How many may wait that have a death on them, which run one at a time. */
    int mostSuspects() {
        return mostSuspects;
    }

    /** Events that run at once in one worker. */
    int concurrency() {
        return concurrency;
    }

    /** How many faults the plan holds for each second. */
    double faultsPerSecond() {
        return faultsPerSecond;
    }

    FaultKind drawFault(Random random) {
        int ticket = random.nextInt(
                weights.values().stream().mapToInt(Integer::intValue).sum());
        for (FaultKind kind : FaultKind.values()) { // the map has no order of its own
            ticket -= weights.getOrDefault(kind, 0);
            if (ticket < 0) {
                return kind;
            }
        }
        throw new IllegalStateException("the weights changed under way");
    }

    /** One job, by the shares of this profile. */
    Job drawJob(Random random, long leaseMillis) {
        double ticket = random.nextDouble();
        return switch (this) {
            case BROAD -> broad(random, leaseMillis, ticket);
            case AIMED -> aimed(random, leaseMillis, ticket);
        };
    }

    private static Job broad(Random random, long leaseMillis, double ticket) {
        if (ticket < 0.005) { // what a dead worker held is mostly long, and runs one at a time afterwards
            return new Job(Job.Kind.LONG, between(random, leaseMillis, 0.2, 1.2), 0);
        }
        if (ticket < 0.03) {
            return new Job(Job.Kind.SHORT, 13 + random.nextInt(100), 0);
        }
        if (ticket < 0.05) {
            return new Job(Job.Kind.FLAKY, random.nextInt(13), 1 + random.nextInt(6));
        }
        if (ticket < 0.06) {
            return new Job(Job.Kind.DEAF, Job.TIMEOUT_MILLIS + random.nextInt(400), 0);
        }
        if (ticket < 0.0605) {
            return new Job(Job.Kind.HARD_TO_READ, random.nextInt(13), 0);
        }
        if (ticket < 0.06055) {
            return new Job(Job.Kind.HALTS_ONCE, random.nextInt(13), 0);
        }
        if (ticket < 0.06057) {
            return new Job(Job.Kind.POISON, 0, 0);
        }
        if (ticket < 0.08) {
            return new Job(Job.Kind.WRITES, random.nextInt(13), 0);
        }
        if (ticket < 0.09) {
            return new Job(Job.Kind.SNOOZES, random.nextInt(13), 1 + random.nextInt(3));
        }
        if (ticket < 0.10) {
            return new Job(Job.Kind.RETRIES_IN, random.nextInt(13), 1 + random.nextInt(3));
        }
        return new Job(Job.Kind.SHORT, random.nextInt(13), 0);
    }

    private static Job aimed(Random random, long leaseMillis, double ticket) {
        if (ticket < 0.30) {
            return new Job(Job.Kind.LONG, between(random, leaseMillis, 0.4, 1.5), 0);
        }
        if (ticket < 0.40) {
            return new Job(Job.Kind.FLAKY, between(random, leaseMillis, 0.0, 0.6), 1 + random.nextInt(6));
        }
        if (ticket < 0.42) {
            return new Job(Job.Kind.DEAF, Job.TIMEOUT_MILLIS + random.nextInt(1_000), 0);
        }
        if (ticket < 0.422) {
            return new Job(Job.Kind.HALTS_ONCE, random.nextInt(13), 0);
        }
        if (ticket < 0.4235) {
            return new Job(Job.Kind.POISON, 0, 0);
        }
        if (ticket < 0.43) {
            return new Job(Job.Kind.HARD_TO_READ, between(random, leaseMillis, 0.0, 0.6), 0);
        }
        if (ticket < 0.44) {
            return new Job(Job.Kind.SNOOZES, between(random, leaseMillis, 0.0, 0.6), 1 + random.nextInt(3));
        }
        if (ticket < 0.46) {
            return new Job(Job.Kind.RETRIES_IN, between(random, leaseMillis, 0.0, 0.6), 1 + random.nextInt(3));
        }
        if (ticket < 0.50) {
            return new Job(Job.Kind.WRITES, between(random, leaseMillis, 0.0, 0.6), 0);
        }
        return new Job(Job.Kind.SHORT, random.nextInt(13), 0);
    }

    private static int between(Random random, long leaseMillis, double least, double most) {
        return (int) (leaseMillis * (least + (most - least) * random.nextDouble()));
    }
}
