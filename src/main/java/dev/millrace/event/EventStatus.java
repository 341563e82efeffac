package dev.millrace.event;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Where an event is in its life. The order of the constants is the order used everywhere: in counts, in snapshots and
 * in the database, which stores the ordinal.
 */
public enum EventStatus {
    /** Appended and not started: due now or scheduled. */
    PENDING("pending"),
    /** Claimed by a worker. */
    PROCESSING("processing"),
    /** The handler returned. */
    COMPLETED("completed"),
    /** The handler threw and no retry is left. */
    FAILED("failed"),
    /** Timed out or cancelled. A timeout is no failure by this model: see {@link #isUnsuccessful}. */
    CANCELLED("cancelled"),
    /** Passed over on purpose, or its deadline went by before it started. */
    SKIPPED("skipped"),
    /** Refused permission too often, or it took too many workers down. */
    ABORTED("aborted");

    private static final List<EventStatus> ALL = List.of(values());
    private static final Set<EventStatus> UNSUCCESSFUL = Set.of(FAILED, CANCELLED, ABORTED);

    private final String wireName;

    EventStatus(String wireName) {
        this.wireName = wireName;
    }

    /** The name in JSON, SQL and on the command line, such as {@code "pending"}. */
    public String wireName() {
        return wireName;
    }

    /** Whether an event in this status never leaves it. */
    public boolean isTerminal() {
        return ordinal() >= COMPLETED.ordinal();
    }

    /**
     * Whether an event in this status has ended without success: failed, cancelled, so timed out as well, or aborted. A skipped
     * event was not wanted, which is no trouble. Alerts, retries and clean-ups that look at {@link #FAILED} alone miss timeouts.
     */
    public boolean isUnsuccessful() {
        return UNSUCCESSFUL.contains(this);
    }

    /** The statuses for which {@link #isUnsuccessful} is true. */
    public static Set<EventStatus> unsuccessful() {
        return UNSUCCESSFUL;
    }

    /**
     * Whether an event may move from this status to {@code next}: the one table of legal moves. Every statement that
     * moves an event repeats its own line of it by the table it deletes from.
     */
    public boolean mayBecome(EventStatus next) {
        return legalMoves().contains(next);
    }

    private Set<EventStatus> legalMoves() {
        return switch (this) {
            case PENDING -> EnumSet.of(PROCESSING, CANCELLED, SKIPPED, ABORTED);
            case PROCESSING -> EnumSet.of(PENDING, COMPLETED, FAILED, CANCELLED, SKIPPED, ABORTED);
            case COMPLETED, FAILED, CANCELLED, SKIPPED, ABORTED -> EnumSet.noneOf(EventStatus.class);
        };
    }

    /** All statuses in their fixed order. */
    public static List<EventStatus> all() {
        return ALL;
    }

    /** The status the database stores as {@code code}. */
    public static EventStatus ofCode(int code) {
        return ALL.get(code);
    }

    /**
     * The status of that wire name, which is lower case.
     *
     * @throws NotFoundException if there is none, naming the seven
     */
    public static EventStatus ofWireName(String wireName) {
        for (EventStatus status : ALL) {
            if (status.wireName.equals(wireName)) {
                return status;
            }
        }
        throw new NotFoundException("Progression %s not found in flow; the statuses are %s"
                .formatted(
                        Texts.quoted(wireName),
                        ALL.stream().map(EventStatus::wireName).toList()));
    }

    /** The wire name, as the model prints it. */
    @Override
    public String toString() {
        return wireName;
    }
}
