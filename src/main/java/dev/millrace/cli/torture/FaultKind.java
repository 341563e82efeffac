package dev.millrace.cli.torture;

import java.util.Locale;

/** What can go wrong on purpose. */
enum FaultKind {
    /** A worker's process is killed, and another takes its place. */
    SIGKILL,
    /** A worker's process is stopped until its lease is over, then goes on as if nothing had been. */
    SIGSTOP,
    /** A worker is asked to end. */
    SIGTERM,
    /** A job halts its JVM. Not in the plan: the jobs do it. */
    HALT,
    /** The database ends all its clients' sessions. */
    TERMINATE_BACKENDS,
    /** The database crashes, stays away for a while, and recovers. */
    POSTGRES_CRASH,
    /** All of one process's connections break. */
    CUT,
    /** A connection breaks as a statement is sent: it never happens. */
    CUT_BEFORE_COMMIT,
    /** A connection breaks as the answer comes back: it has happened. */
    CUT_AFTER_COMMIT,
    /** Nothing comes through to one process, nothing says so, and what was sent never arrives. */
    BLACK_HOLE,
    /** Nothing comes through to one process, then all that was sent arrives at once, when its lease is over. */
    LATE_DELIVERY,
    /** The same for all processes at once, as when the database stands still. */
    STANDSTILL,
    /** Somebody locks the table of workers for a while: the server stalls, and closes no connection. */
    TABLE_LOCKED,
    /** The appending process is killed. */
    KILL_APPENDER;

    /** Its name in the report. */
    String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
