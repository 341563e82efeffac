package dev.millrace.failpoints;

/** What the process that will be struck does. Two events are there before, unless it is the one that appends. */
enum Script {
    /** Runs the loop, one event at a time. */
    WORK,
    /** As WORK, with two types of events, which are claimed by another statement. */
    TWO_TYPES,
    /** Runs the event by its id, then the loop. */
    INVOKE,
    /** The permission check refuses the first time. */
    DENY,
    /** The handler fails the first time. */
    RETRY,
    /** The handler emits a chunk. */
    CHUNK,
    /** The handler writes and settles in one transaction. */
    TRANSACTION,
    /** The event has a death on it. */
    SUSPECT,
    /** The handler runs until the lease has been renewed twice. */
    LONG_RUN,
    /** The process loses its registration while it holds nothing. */
    ANEW,
    /** The event is due in a moment. */
    DELAYED,
    /** The event is held by a worker that is dead. */
    RESCUE,
    /** As RESCUE, where one death is enough to abort. */
    RESCUE_AND_ABORT,
    /** Appends two events, one after the other. */
    APPEND,
    /** Appends more events than one statement takes. */
    APPEND_MANY,
    /** Appends to a flow with a limit. */
    APPEND_BOUNDED,
    /** Appends what is not there yet. */
    APPEND_ABSENT,
    /** Appends in a transaction of its own. */
    APPEND_IN_TRANSACTION,
    /** Closes while the handler runs, with a short grace. */
    CLOSE,
    /** Closes while the handler runs, with a long grace, in which it ends. */
    CLOSE_WITH_GRACE,
    /** Closes while permission is asked for. */
    CLOSE_WHILE_ASKED;

    boolean appends() {
        return name().startsWith("APPEND");
    }

    boolean closes() {
        return name().startsWith("CLOSE");
    }

    /** Whether the process goes on working when it is left alone. */
    boolean goesOn() {
        return !appends() && !closes();
    }

    /** Whether it must not happen to look for work just when another of its threads has made some. */
    boolean looksSeldom() {
        return this == DELAYED || this == RESCUE || this == RESCUE_AND_ABORT;
    }
}
