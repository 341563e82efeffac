package dev.millrace.cli.torture;

import dev.millrace.event.EventType;

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
        /** Ignores that its time is over. */
        DEAF,
        /** Halts the JVM at its first attempt. */
        HALTS_ONCE,
        /** Halts the JVM at each attempt. */
        POISON
    }
}
