package dev.millrace.event;

/**
 * How many events of a flow are pending.
 *
 * @param due events in the queue, which a worker may claim now
 * @param scheduled events that wait for their time. An event whose time has come counts as scheduled until a worker has moved it
 */
public record PendingCounts(long due, long scheduled) {
    /** All pending events. */
    public long total() {
        return due + scheduled;
    }
}
