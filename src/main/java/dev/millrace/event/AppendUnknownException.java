package dev.millrace.event;

import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Nobody knows whether events were appended: they were sent, and the answer never came. Append them again under the same
 * ids, by {@code appendAbsent} or {@code Append.withId}, when the database is back: that never makes a second one.
 */
public final class AppendUnknownException extends ConnectionException {
    private static final long serialVersionUID = 1L;
    private static final int NAMED = 10;

    @SuppressWarnings("serial") // an immutable list of ids
    private final List<UUID> ids;

    /** Of those events, because of that. */
    public AppendUnknownException(List<UUID> ids, String reason, Throwable cause) {
        super(
                "it is not known whether the events were appended: %s; append them again under the same ids (appendAbsent, Append.withId), which never makes a second one: %s"
                        .formatted(reason, named(ids)),
                Map.of("ids", ids.stream().map(UUID::toString).toList()));
        initCause(cause);
        this.ids = List.copyOf(ids);
    }

    /** The first of some ids, and how many more there are, for a message. */
    public static String named(List<UUID> ids) {
        return ids.stream().limit(NAMED).toList()
                + (ids.size() > NAMED ? " and " + (ids.size() - NAMED) + " more" : "");
    }

    /** The ids the events have if they were appended, in the order given. */
    public List<UUID> ids() {
        return ids;
    }
}
