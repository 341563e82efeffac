package dev.millrace.process;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExecutionException;
import dev.millrace.event.MillraceException;
import dev.millrace.store.Claim;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Standing;
import dev.millrace.thread.Threads;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What follows from the answer of a permission check for one claimed event. Used once. */
final class Admission<T> {
    private static final Logger log = LoggerFactory.getLogger(Admission.class);
    private static final Duration FIRST_BACK_OFF = Duration.ofMillis(100);
    private static final Duration LONGEST_BACK_OFF = Duration.ofMinutes(10);
    private static final Duration AFTER_OUR_OWN_ERROR = Duration.ofMinutes(1);

    private final Ticket ticket;
    private final Event<T> event;
    private final Runs<T> runs;
    private final Settings settings;
    private final Batch batch;

    Admission(Ticket ticket, Event<T> event, Runs<T> runs, Settings settings, Batch batch) {
        this.ticket = ticket;
        this.event = event;
        this.runs = runs;
        this.settings = settings;
        this.batch = batch;
    }

    /** An event was refused too often. Not an error of the application's code, so not retryable by itself. */
    static final class PermissionDeniedException extends MillraceException {
        private static final long serialVersionUID = 1L;

        PermissionDeniedException(String message, String reason) {
            super(message, false, Map.of("reason", reason));
        }
    }

    /** Takes the answer or, if there is none, the error. Never throws: nobody would hear it. */
    void decide(@Nullable Permission permission, @Nullable Throwable error) {
        try {
            follow(permission, error);
        } catch (RuntimeException | Error e) {
            giveUp(e);
        }
    }

    private void follow(@Nullable Permission permission, @Nullable Throwable error) {
        if (permission == null) {
            // Counting earlier errors asks the database; not on the thread that timed the check out.
            Threads.startVirtual("millrace-permission", () -> failedSafely(error));
            return;
        }
        switch (permission) {
            case Permission.Granted granted -> {
                batch.grant();
                runs.start(ticket, event);
            }
            case Permission.Denied denied -> denied(denied);
            case Permission.Wait wait ->
                sendBack(ticket.returned(Reason.WAIT, ticket.standing(), wait.delay(), null, null));
        }
    }

    private void failedSafely(@Nullable Throwable error) {
        try {
            Throwable cause = cause(error);
            runs.check(cause);
            failed(Troubles.loggable(cause));
        } catch (RuntimeException | Error e) {
            giveUp(e);
        }
    }

    private void giveUp(Throwable error) {
        log.error(
                "event={} could not be admitted; giving it back for later",
                ticket.claim().id(),
                Troubles.loggable(error));
        ticket.overrule(ticket.returned(Reason.PERMISSION_ERROR, ticket.standing(), AFTER_OUR_OWN_ERROR, null, null));
    }

    /**
     * A strike: one more denial, the priority shifted by their number; the last one aborts. Strikes are spaced, so that
     * a check that says no for a moment destroys nothing.
     */
    private void denied(Permission.Denied denied) {
        Claim claim = ticket.claim();
        int denials = claim.denials() + 1;
        int most = settings.denials().most();
        if (denials >= most) {
            var error = new PermissionDeniedException(
                    "Event aborted after %d permission denials".formatted(denials), denied.reason());
            sendBack(ticket.ended(EventStatus.ABORTED, error, null));
            return;
        }
        var error =
                new PermissionDeniedException("permission denied, %d of %d".formatted(denials, most), denied.reason());
        Standing standing = new Standing(claim.priority() + denials, claim.failures(), denials, claim.deaths());
        Duration pause = settings.denials().pauseAfter(denials, denied.delay());
        sendBack(ticket.returned(Reason.DENIED, standing, pause, error, null));
    }

    /**
     * The check threw or hung: nobody's fault but its own, so no strike. The event comes back later, and is aborted only if the
     * check gives no answer for so many times in a row, by default for more than an hour.
     */
    private void failed(Throwable error) {
        int errors = 1 + runs.permissionErrors(ticket.claim().id());
        runs.log().permissionFailed(ticket.claim(), errors, settings.maxPermissionErrors(), error);
        if (errors >= settings.maxPermissionErrors()) {
            var problem = new ExecutionException(
                    "Event aborted after %d failed permission checks; the last: %s".formatted(errors, error));
            sendBack(ticket.ended(EventStatus.ABORTED, problem, null));
            return;
        }
        long backOff = FIRST_BACK_OFF.toMillis() << Math.min(errors - 1, 20);
        Duration delay = Duration.ofMillis(Math.min(backOff, LONGEST_BACK_OFF.toMillis()));
        sendBack(ticket.returned(Reason.PERMISSION_ERROR, ticket.standing(), delay, error, runs.storedTrace(), null));
    }

    private void sendBack(Settlement answer) {
        ticket.releaseSlot(); // it does not run
        batch.sendBack(() -> ticket.settle(answer));
    }

    private Throwable cause(@Nullable Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        if (cause instanceof TimeoutException || cause == null) {
            return new ExecutionException(
                    "the permission check did not answer within %s".formatted(settings.permissionTimeout()));
        }
        return cause;
    }
}
