package dev.millrace.process;

import dev.millrace.event.EndedException;
import dev.millrace.event.EventStatus;
import dev.millrace.event.EventTimeoutException;
import dev.millrace.store.Claim;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Standing;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What follows for one claimed event from how its handler ended, after {@code ran}. Thread-safe. */
final class Conclusions {
    private final Ticket ticket;
    private final RetryPolicy retry;
    private final int storedTrace;
    private final Handlers<?> handlers;

    Conclusions(Ticket ticket, Handlers<?> handlers) {
        this.ticket = ticket;
        this.retry = handlers.retry();
        this.storedTrace = handlers.storedTrace();
        this.handlers = handlers;
    }

    /** It answered. */
    Ended answered(@Nullable Object response, Duration ran) {
        String text = handlers.stored(ticket.claim(), "response", response);
        return new Ended(ticket.claim().hold(), EventStatus.COMPLETED, ran, text, "null", false);
    }

    /** It threw. An interrupt that nobody here has sent is a failure like any other: all who send one have decided the event before. */
    Settlement threw(Throwable error, Duration ran) {
        return error instanceof InterruptedException && ticket.isDecided()
                ? ticket.ended(EventStatus.CANCELLED, error, storedTrace, ran)
                : pauseAfter(error)
                        .<Settlement>map(pause ->
                                ticket.returned(Reason.RETRY, standing(failures()), pause, error, storedTrace, ran))
                        .orElseGet(() -> ticket.ended(EventStatus.FAILED, error, storedTrace, ran));
    }

    /**
     * It ran longer than it may.
     *
     * @param where the handler was then; null if it had ended
     */
    Settlement timedOut(Duration limit, Duration ran, StackTraceElement @Nullable [] where) {
        var error = new EventTimeoutException(limit);
        error.setStackTrace(where == null ? new StackTraceElement[0] : where); // where it was made says nothing
        return retriesTimeouts()
                ? pauseAfter(error)
                        .<Settlement>map(pause ->
                                ticket.returned(Reason.CANCELLED, standing(failures()), pause, error, storedTrace, ran))
                        .orElseGet(() -> ticket.ended(EventStatus.FAILED, error, storedTrace, ran))
                : ticket.ended(EventStatus.CANCELLED, error, storedTrace, ran);
    }

    /** Whether it takes the application's code to say what follows from a timeout. */
    boolean retriesTimeouts() {
        return retry.retriesTimeouts();
    }

    /** It said so. */
    Settlement said(Verdict verdict, Duration ran) {
        return switch (verdict) {
            case Verdict.Fail fail -> ended(EventStatus.FAILED, fail.reason(), ran);
            case Verdict.Skip skip -> ended(EventStatus.SKIPPED, skip.reason(), ran);
            case Verdict.Cancel cancel -> ended(EventStatus.CANCELLED, cancel.reason(), ran);
            case Verdict.RetryIn again -> retryIn(again.pause(), ran);
            case Verdict.Snooze snooze ->
                ticket.returned(Reason.SNOOZE, standing(ticket.claim().failures()), snooze.pause(), null, ran);
        };
    }

    private Settlement ended(EventStatus status, String reason, Duration ran) {
        return ticket.ended(status, new EndedException(status, reason), ran);
    }

    private Settlement retryIn(Duration pause, Duration ran) {
        var error = new Told("the handler asked to be run again in " + pause);
        if (pauseAfter(error).isPresent()) {
            return ticket.returned(Reason.RETRY, standing(failures()), pause, error, ran);
        }
        var last = new Told(
                "the handler asked to be run again in %s, but the executor's retry policy allows no run after failure %d"
                        .formatted(pause, failures()));
        return ticket.ended(EventStatus.FAILED, last, ran);
    }

    /** Whether a retryable error now would be the last. */
    boolean isLast() {
        return pauseAfter(new Told("asked whether this is the last attempt")).isEmpty();
    }

    private Optional<Duration> pauseAfter(Throwable error) {
        try {
            return Objects.requireNonNull(retry.delayAfter(failures(), error), "the retry policy answered null");
        } catch (RuntimeException | Error e) { // user code: its event must end all the same
            handlers.log().policyFailed(ticket.claim(), e);
            return Optional.empty();
        }
    }

    /** How often it has failed, this time included. */
    private int failures() {
        return ticket.claim().failures() + 1;
    }

    /** Denials are forgiven, since it was granted, and deaths, since it lived through a run. */
    private Standing standing(int failures) {
        Claim claim = ticket.claim();
        return new Standing(claim.priority(), failures, 0, 0);
    }
}
