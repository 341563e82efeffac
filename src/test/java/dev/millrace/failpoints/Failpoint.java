package dev.millrace.failpoints;

import static dev.millrace.failpoints.Place.answered;
import static dev.millrace.failpoints.Place.before;
import static dev.millrace.failpoints.Place.code;
import static dev.millrace.failpoints.Place.executed;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The failpoints: for each its place, what the process does, which COMMIT comes next on that way, and what must become of
 * the event for each {@link Blow}: how its attempts ended that did not settle it ({@code lost} is a death, {@code (late)} an
 * answer that came too late and was refused), how it ended if not completed, and how often its handler was started.
 */
enum Failpoint {
    CLAIM_SENDING(Script.WORK, before("claim"), "claim", "1 run", "1 run", "1 run", "shutdown, 1 run"),
    CLAIM_ANSWERED(Script.WORK, answered("claim"), "settle", "lost, 1 run", "lost, 1 run", "1 run", "1 run"),
    CLAIM_OF_TWO_TYPES_SENDING(
            Script.TWO_TYPES, before("claim_lanes"), "claim_lanes", "1 run", "1 run", "1 run", "shutdown, 1 run"),
    CLAIM_OF_ONE_SENDING(Script.INVOKE, before("claim_one"), "claim_one", "1 run", "1 run", "1 run", "shutdown, 1 run"),
    CLAIM_OF_ONE_ANSWERED(
            Script.INVOKE, answered("claim_one"), "settle", "lost, 1 run", "lost, 1 run", "1 run", "1 run"),
    CLAIM_FORGOTTEN_SENDING(
            Script.WORK,
            before("forgotten"),
            "forgotten",
            "lost, 1 run",
            "lost, 1 run",
            "shutdown, 1 run",
            "shutdown, 1 run"),

    RUN_PERMISSION(Script.WORK, code("permission"), "settle", "lost, 1 run", "lost, 1 run", "1 run", "1 run"),
    RUN_BEGUN(Script.WORK, code("handler"), "settle", "lost, 2 runs", "lost (late), 2 runs", "1 run", "1 run"),
    RUN_SUSPECT_BEGUN(
            Script.SUSPECT, code("handler"), "settle", "lost, 2 runs", "lost (late), 2 runs", "1 run", "1 run"),
    RUN_CHUNK_SENDING(
            Script.CHUNK,
            before("add_chunks"),
            "add_chunks",
            "lost, 2 runs",
            "lost, 2 runs or lost (late), 2 runs", // whether the chunk or the lease is refused first
            "1 run",
            "1 run"),
    RUN_CHUNK_STORED(
            Script.CHUNK, answered("add_chunks"), "settle", "lost, 2 runs", "lost (late), 2 runs", "1 run", "1 run"),
    RUN_TRANSACTION_WRITTEN(
            Script.TRANSACTION,
            code("written"),
            "settle",
            "lost, 2 runs",
            "lost, 2 runs or lost (late), 2 runs", // whether the lease or the settlement is refused first
            "retry, 2 runs",
            "1 run"),
    RUN_TRANSACTION_SETTLED(
            Script.TRANSACTION,
            executed("settle"),
            "settle",
            "lost, 2 runs",
            "lost (late), 2 runs",
            "retry, 2 runs",
            "1 run"),
    RUN_TRANSACTION_COMMITTED(Script.TRANSACTION, code("committed"), "claim", "1 run", "1 run", "1 run", "1 run"),
    RUN_TRANSACTION_LOOKING_UP(Script.TRANSACTION, before("held"), "held", "1 run", "1 run", "1 run", "1 run"),
    RUN_ENDING(Script.WORK, code("answer"), "settle", "lost, 2 runs", "lost (late), 2 runs", "1 run", "1 run"),

    SETTLE_SENDING(Script.WORK, before("settle"), "settle", "lost, 2 runs", "lost (late), 2 runs", "1 run", "1 run"),
    SETTLE_ANSWERED(Script.WORK, answered("settle"), "claim", "1 run", "1 run", "1 run", "1 run"),
    SETTLE_READING_BACK(Script.WORK, before("settled_by"), "settled_by", "1 run", "1 run", "1 run", "1 run"),
    SETTLE_RETRY_SENDING(
            Script.RETRY,
            before("give_back"),
            "give_back",
            "lost, 2 runs",
            "lost (late), 2 runs",
            "retry, 2 runs",
            "retry, 2 runs"),
    SETTLE_RETRY_ANSWERED(
            Script.RETRY,
            answered("give_back"),
            "promote",
            "retry, 2 runs",
            "retry, 2 runs",
            "retry, 2 runs",
            "retry, 2 runs"),
    SETTLE_DENIAL_SENDING(
            Script.DENY,
            before("give_back"),
            "give_back",
            "lost, 1 run",
            "lost, 1 run",
            "denied, 1 run",
            "denied, 1 run"),
    SETTLE_PROMOTION_SENDING(Script.DELAYED, before("promote"), "promote", "1 run", "1 run", "1 run", "1 run"),
    SETTLE_PROMOTION_ANSWERED(
            Script.DELAYED,
            answered("promote"),
            "promote",
            "1 run or lost, 1 run or lost, 2 runs",
            "1 run or lost, 1 run or lost (late), 2 runs",
            "1 run",
            "1 run"),

    RENEW_REGISTRATION_SENDING(
            Script.WORK, before("worker_register"), "worker_register", "1 run", "1 run", "1 run", "1 run"),
    RENEW_REGISTRATION_ANSWERED(
            Script.WORK, answered("worker_register"), "worker_renew", "1 run", "1 run", "1 run", "1 run"),
    RENEW_SENDING(
            Script.LONG_RUN, before("worker_renew"), "worker_renew", "lost, 2 runs", "lost, 2 runs", "1 run", "1 run"),
    RENEW_ANSWERED(
            Script.LONG_RUN,
            answered("worker_renew"),
            "worker_renew",
            "lost, 2 runs",
            "lost, 2 runs",
            "1 run",
            "1 run"),
    RENEW_ANEW_SENDING(
            Script.ANEW, before("worker_register", 2), "worker_register", "1 run", "1 run", "1 run", "1 run"),

    RESCUE_SENDING(
            Script.RESCUE, before("rescue"), "rescue", "lost, 1 run", "lost, 1 run", "lost, 1 run", "lost, 1 run"),
    RESCUE_ANSWERED(
            Script.RESCUE,
            answered("rescue"),
            "rescue_due",
            "lost, 1 run or lost, lost, 1 run or lost, lost, 2 runs",
            "lost, 1 run or lost, lost, 1 run or lost, lost (late), 2 runs",
            "lost, 1 run",
            "lost, 1 run"),
    RESCUE_ABORT_SENDING(
            Script.RESCUE_AND_ABORT,
            before("rescue"),
            "rescue",
            "lost, aborted, 0 runs",
            "lost, aborted, 0 runs",
            "lost, aborted, 0 runs",
            "lost, aborted, 0 runs"),
    RESCUE_ABORT_ANSWERED(
            Script.RESCUE_AND_ABORT,
            answered("rescue"),
            "rescue_due",
            "lost, aborted, 0 runs",
            "lost, aborted, 0 runs",
            "lost, aborted, 0 runs",
            "lost, aborted, 0 runs"),

    APPEND_SENDING(Script.APPEND, before("append_one"), "append_one", "not stored", "1 run", "1 run", "1 run"),
    APPEND_ANSWERED(Script.APPEND, answered("append_one"), "append_one", "1 run", "1 run", "1 run", "1 run"),
    APPEND_OF_MANY_HALF_SENT(
            Script.APPEND_MANY, before("append", 2), "append", "not stored", "1 run", "1 run", "1 run"),
    APPEND_TO_BOUNDED_FLOW_LOCKED(
            Script.APPEND_BOUNDED, executed("flow_lock"), "append", "not stored", "1 run", "1 run", "1 run"),
    APPEND_OF_ABSENT_SENDING(
            Script.APPEND_ABSENT, before("same_events"), "same_events", "not stored", "1 run", "1 run", "1 run"),
    APPEND_IN_TRANSACTION_EXECUTED(
            Script.APPEND_IN_TRANSACTION,
            executed("append_one"),
            "append_one",
            "not stored",
            "1 run",
            "not stored",
            "1 run"),

    SHUTDOWN_GRACE_RUNNING(
            Script.CLOSE_WITH_GRACE,
            code("grace"),
            "settle",
            "lost, 2 runs",
            "lost, 2 runs or lost (late), 2 runs",
            "1 run",
            "1 run"),
    SHUTDOWN_RETURN_SENDING(
            Script.CLOSE,
            before("give_back"),
            "give_back",
            "lost, 2 runs",
            "lost, 2 runs",
            "shutdown, 2 runs",
            "shutdown, 2 runs"),
    SHUTDOWN_RETURN_ANSWERED(
            Script.CLOSE,
            answered("give_back"),
            "worker_leave",
            "shutdown, 2 runs",
            "shutdown, 2 runs",
            "shutdown, 2 runs",
            "shutdown, 2 runs"),
    SHUTDOWN_LEAVING(
            Script.CLOSE,
            before("worker_leave"),
            "worker_leave",
            "shutdown, 2 runs",
            "shutdown, 2 runs",
            "shutdown, 2 runs",
            "shutdown, 2 runs"),
    SHUTDOWN_LAST_ANSWER_SENDING(
            Script.CLOSE_WITH_GRACE,
            before("settle"),
            "settle",
            "lost, 2 runs",
            "lost, 2 runs or lost (late), 2 runs",
            "1 run",
            "1 run"),
    SHUTDOWN_WAITING_RETURN_SENDING(
            Script.CLOSE_WHILE_ASKED,
            before("give_back"),
            "give_back",
            "lost, 1 run",
            "lost, 1 run",
            "shutdown, 1 run",
            "shutdown, 1 run");

    private final Script script;

    @SuppressWarnings("ImmutableEnumChecker") // a record of a string, an enum and a number
    private final Place place;

    private final String commit;
    private final String afterHalt;
    private final String afterStall;
    private final String afterCutBefore;
    private final String afterCutAfter;

    Failpoint(
            Script script,
            Place place,
            String commit,
            String afterHalt,
            String afterStall,
            String afterCutBefore,
            String afterCutAfter) {
        this.script = script;
        this.place = place;
        this.commit = commit;
        this.afterHalt = afterHalt;
        this.afterStall = afterStall;
        this.afterCutBefore = afterCutBefore;
        this.afterCutAfter = afterCutAfter;
    }

    Script script() {
        return script;
    }

    Place place() {
        return place;
    }

    /** The statement whose COMMIT is the next on that way. */
    String commit() {
        return commit;
    }

    /** Such as {@code claim}. */
    String area() {
        return words().substring(0, words().indexOf('.'));
    }

    /** Such as {@code claim.answered}. */
    String words() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-').replaceFirst("-", ".");
    }

    /** What must become of the event; one of several where other threads of the process may be faster. */
    String outcome(Blow blow) {
        return switch (blow) {
            case HALT -> afterHalt;
            case STALL -> afterStall;
            case CUT_BEFORE_COMMIT -> afterCutBefore;
            case CUT_AFTER_COMMIT -> afterCutAfter;
        };
    }

    /** The statement whose first COMMIT is cut after it, before the place is looked for: what makes the process come there. */
    Optional<String> cutFirst() {
        return switch (this) {
            case CLAIM_FORGOTTEN_SENDING -> Optional.of("claim");
            case SETTLE_READING_BACK, RUN_TRANSACTION_LOOKING_UP -> Optional.of("settle");
            default -> Optional.empty();
        };
    }

    /** What must be true before the first execution of the place's statement goes on; null if nothing. */
    @Nullable
    String gate() {
        return switch (script) {
            case DELAYED ->
                "select (select count(*) from scheduled where run_at <= clock_timestamp()) * (select count(*) from outcome) = 1";
            case RESCUE, RESCUE_AND_ABORT ->
                ("select count(*) = 1 from worker, outcome"
                                + " where host <> 'corpse' and steady_since < clock_timestamp() - interval '%d ms'")
                        .formatted(Sandbox.LEASE.toMillis());
            default -> null;
        };
    }
}
