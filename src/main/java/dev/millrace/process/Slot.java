package dev.millrace.process;

/** Where a claim stands with the slot it runs on. */
enum Slot {
    /** It has none yet. */
    WAITING,
    /** It has one until its handler has ended, or it is settled. */
    RUNNING,
    /** It has one until it is settled. */
    ALONE,
    /** It needs none any more. */
    FREED
}
