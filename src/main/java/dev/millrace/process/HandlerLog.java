package dev.millrace.process;

import dev.millrace.event.EndedException;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Responses;
import dev.millrace.store.Claim;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Returned;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Tells the log of attempts that failed, once each, and of answers that cannot be stored as they are. What the event holds is
 * not told: see {@link Redaction}. Thread-safe; one for each executor.
 */
public final class HandlerLog {
    /** The logger's name, which is part of what is promised. */
    public static final String NAME = "dev.millrace.failures";

    private static final Logger log = LoggerFactory.getLogger(NAME);
    private static final long ANSWERS_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String flow;
    private final Level level;
    private final int frames;
    private final ConcurrentHashMap<String, Told> told = new ConcurrentHashMap<>(); // classes of answers are few

    /** The log of an executor of that flow. */
    public HandlerLog(String flow, FailureSettings settings) {
        this.flow = flow;
        this.level = settings.level();
        this.frames = settings.frames();
    }

    /** When an answer of some class was told of last, and how many have come since. */
    private record Told(long nanos, int since) {}

    /** Takes how an attempt ended whose handler was started, if it failed. Never throws. */
    void ended(Claim claim, Settlement answer) {
        String next = next(answer);
        Throwable thrown = answer.thrown();
        if (next == null || thrown == null || !log.isEnabledForLevel(level)) {
            return;
        }
        LogContext context = new LogContext(claim.id(), flow, claim.event().type(), claim.attempt());
        try {
            Redaction redaction = Redaction.of(claim.event());
            boolean plain = frames == 0 || thrown.getStackTrace().length == 0 || thrown instanceof EndedException;
            log.atLevel(level)
                    .setCause(plain ? null : LoggedError.of(thrown, redaction, frames))
                    .log(
                            "event={} flow={} type={} attempt={} failed after {}; next: {}{}",
                            claim.id(),
                            flow,
                            claim.event().type(),
                            claim.attempt(),
                            ran(answer),
                            next,
                            plain ? "; error: " + LoggedError.text(thrown, redaction) : "");
        } catch (RuntimeException | Error e) { // an appender's trouble must not become the event's
            log.error("event={} attempt={} failed, which could not be logged", claim.id(), claim.attempt());
        } finally {
            context.restore();
        }
    }

    /** Takes why a permission check gave no answer: for that event time number {@code errors} of at most {@code most}. */
    void permissionFailed(Claim claim, int errors, int most, Throwable error) {
        log.warn(
                "event={} flow={} type={} attempt={} permission check failed, {} of {}",
                claim.id(),
                flow,
                claim.event().type(),
                claim.attempt(),
                errors,
                most,
                LoggedError.of(error, Redaction.of(claim.event()), frames));
    }

    /** Takes why a retry policy did not say what follows. */
    void policyFailed(Claim claim, Throwable error) {
        log.error(
                "event={} flow={} type={} attempt={} the retry policy failed; the event is not retried",
                claim.id(),
                flow,
                claim.event().type(),
                claim.attempt(),
                LoggedError.of(error, Redaction.of(claim.event()), frames));
    }

    /** What follows; null if it has not failed. */
    private static @Nullable String next(Settlement answer) {
        return switch (answer) {
            case Ended end -> next(end);
            case Returned back -> next(back);
        };
    }

    private static @Nullable String next(Ended end) {
        if (end.status() == EventStatus.FAILED) {
            return "failed";
        }
        boolean asked = end.thrown() instanceof EndedException; // run.cancel: no failure
        return end.status() == EventStatus.CANCELLED && !asked ? "cancelled" : null;
    }

    private static @Nullable String next(Returned back) {
        if (back.reason() != Reason.RETRY && back.reason() != Reason.CANCELLED) {
            return null;
        }
        Duration delay = back.delay();
        Instant at = Instant.now().plus(delay == null ? Duration.ZERO : delay);
        return "retry at " + at.truncatedTo(ChronoUnit.MILLIS);
    }

    private static @Nullable Duration ran(Settlement answer) {
        return switch (answer) {
            case Ended end -> end.duration();
            case Returned back -> back.duration();
        };
    }

    /**
     * Takes what a handler has answered, or emitted, as it is stored; tells if something else is stored in its place, or in place of a
     * part of it, once a second for each class of answers.
     *
     * @param what such as "response"
     * @return what is stored
     */
    String stored(Claim claim, String what, @Nullable Object value, Responses.Written written) {
        Responses.Trouble trouble = written.trouble();
        if (trouble != null && value != null) {
            unstorable(claim, what, value.getClass().getName(), trouble);
        }
        return written.text();
    }

    private void unstorable(Claim claim, String what, String type, Responses.Trouble trouble) {
        long now = System.nanoTime();
        int[] silent = {-1};
        told.compute(type, (key, last) -> {
            if (last != null && now - last.nanos() < ANSWERS_EVERY_NANOS) {
                return new Told(last.nanos(), last.since() + 1);
            }
            silent[0] = last == null ? 0 : last.since();
            return new Told(now, 0);
        });
        if (silent[0] >= 0) {
            log.warn(
                    "event={} flow={} type={} attempt={} its {} of {} is {}: {}{}; others={}",
                    claim.id(),
                    flow,
                    claim.event().type(),
                    claim.attempt(),
                    what,
                    type,
                    trouble.partial()
                            ? "stored, but a part of it replaced"
                            : "not stored, a mark is stored in its place",
                    place(claim, trouble.where()),
                    trouble.why(),
                    silent[0]);
        }
    }

    /** Only that may be content: in the library's own words nothing is replaced. */
    private static String place(Claim claim, @Nullable String where) {
        return where == null ? "" : "at " + Redaction.of(claim.event()).in(where) + ": ";
    }
}
