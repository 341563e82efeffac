package dev.millrace.crash;

/** What an event asks of a {@link WorkerMain}. */
record Job(Kind kind) {
    static final String FLOW = "crash";

    /** How it behaves. */
    enum Kind {
        /** Returns at once, or in a worker that holds on when that is told to go on. */
        PLAIN,
        /** As that, and does not care for interrupts. */
        DEAF,
        /** Halts the process. */
        POISON
    }
}
