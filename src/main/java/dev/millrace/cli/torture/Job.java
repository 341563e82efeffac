package dev.millrace.cli.torture;

import dev.millrace.event.EventType;
import java.util.function.BooleanSupplier;

/**
 * What an event of the torture run asks of its handler.
 *
 * @param millis how long it takes
 * @param failures how many attempts throw
 */
@EventType("torture-job")
record Job(Kind kind, int millis, int failures) {
    /** The timeout of a job that does not listen to it. */
    static final int TIMEOUT_MILLIS = 100;

    /** The exit code of a JVM that a job halted. */
    static final int HALTED = 99;

    private static volatile BooleanSupplier fails = () -> false;

    Job {
        if (kind == Kind.HARD_TO_READ && fails.getAsBoolean()) {
            throw new IllegalArgumentException("this time it cannot be read");
        }
    }

    /** This process reads events, and says each time whether one that is hard to read cannot be read. */
    static void readBy(BooleanSupplier whetherNot) {
        fails = whetherNot;
    }

    /** How it behaves. */
    enum Kind {
        /** Ends soon. */
        SHORT,
        /** Runs about as long as a lease. */
        LONG,
        /** Throws at first. */
        FLAKY,
        /** Asks for another time at first. */
        SNOOZES,
        /** Asks to be retried at a time of its own at first. */
        RETRIES_IN,
        /** Writes a row in the transaction that settles it. */
        WRITES,
        /** One time in five a worker cannot read it. */
        HARD_TO_READ,
        /** Ignores that its time is over. */
        DEAF,
        /** Halts the JVM at its first attempt. */
        HALTS_ONCE,
        /** Halts the JVM at each attempt. */
        POISON
    }
}
