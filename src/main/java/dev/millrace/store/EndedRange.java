package dev.millrace.store;

import dev.millrace.event.EventStatus;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of a terminal progression that is walked window by window: what ends while it is walked comes after it, so that the
 * walk ends.
 *
 * @param first the first place of it
 * @param last the last place of it
 */
record EndedRange(EventStatus status, long first, long last) {
    /** What has ended in each of these statuses so far, since that time if there is one; statuses without any are missing. */
    static List<EndedRange> read(
            Database database, Handle handle, int flow, Collection<EventStatus> statuses, @Nullable Instant since) {
        return database.planned(handle, "retry_last")
                .bind("flow", flow)
                .bind("statuses", Binds.smallints(statuses, EventStatus::ordinal))
                .bind("since", Binds.time(since))
                .map((row, context) -> new EndedRange(
                        EventStatus.ofCode(row.getInt("status")), row.getLong("first"), row.getLong("last")))
                .list();
    }

    /** What is left of it from that place on. */
    EndedRange from(long place) {
        return new EndedRange(status, place, last);
    }
}
