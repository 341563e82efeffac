package dev.millrace.faults;

/** A moment in the life of a statement. */
public enum Moment {
    /** It has not been sent. */
    BEFORE,
    /** It has run, and its transaction goes on. */
    EXECUTED,
    /** It has run, its transaction has not committed. */
    BEFORE_COMMIT,
    /** Its transaction has committed, the caller has not been told. */
    AFTER_COMMIT
}
