package dev.millrace.store;

import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.QueueFullException;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** How many pending events a bounded flow may still take. Thread-safe. */
final class FlowLimits {
    private final Database database;
    private final Counts counts;

    FlowLimits(Database database, Counts counts) {
        this.database = database;
        this.counts = counts;
    }

    /** Takes the flow's turn until the end of the transaction, so the count stays true until the rows are in. */
    void refuseOverflow(Handle handle, int flow, int more) {
        FlowLimit limit = lock(handle, flow);
        if (limit.pending() + more > limit.most()) {
            throw limit.full(limit.pending() + more - 1);
        }
    }

    /** As {@link #refuseOverflow}, for who takes what there is: for how many more the flow has room, at least one. */
    int room(Handle handle, int flow) {
        FlowLimit limit = lock(handle, flow);
        if (limit.pending() >= limit.most()) {
            throw limit.full(limit.pending());
        }
        return Math.toIntExact(limit.most() - limit.pending());
    }

    /** What a flow holds and may hold, to be kept by who knows only then how many it stores; takes its turn as the others do. */
    FlowLimit lock(Handle handle, int flow) {
        Locked lock = handle.createQuery(database.sql("flow_lock"))
                .bind("flow", flow)
                .map((row, context) ->
                        new Locked((Integer) row.getObject("max_pending"), row.getBoolean("sees_others")))
                .findOne()
                .orElseThrow(() -> new NotFoundException(
                        "flow number %d was dropped after this executor was built; nothing was stored. Build another executor"
                                .formatted(flow)));
        Integer most = lock.maxPending();
        if (most == null) {
            return FlowLimit.NONE;
        }
        if (!lock.seesOthers()) {
            throw new IllegalArgumentException("the flow is bounded, and a transaction that is REPEATABLE READ or"
                    + " SERIALIZABLE cannot see what others append: append in one that is READ COMMITTED");
        }
        return new FlowLimit(counts.read(handle, flow).getOrDefault(EventStatus.PENDING, 0L), most);
    }

    /** How many pending events a flow may hold, and whether the transaction sees what others append while it lasts. */
    private record Locked(@Nullable Integer maxPending, boolean seesOthers) {}

    /** How many pending events a flow holds, and at most. */
    record FlowLimit(long pending, int most) {
        static final FlowLimit NONE = new FlowLimit(0, Integer.MAX_VALUE);

        int left() {
            return Math.toIntExact(Math.max(0, most - pending));
        }

        QueueFullException full(long size) {
            return new QueueFullException(
                    "Queue size (%d) exceeds max (%d)".formatted(size, most),
                    Map.of("queue_size", pending, "max_size", most));
        }
    }
}
