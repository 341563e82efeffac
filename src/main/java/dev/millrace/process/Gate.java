package dev.millrace.process;

import dev.millrace.event.Event;
import dev.millrace.thread.Threads;
import dev.millrace.work.Permission;
import dev.millrace.work.PermissionCheck;
import dev.millrace.work.RateLimit;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a permission check about one event after another, in their order, without letting a slow or broken check hold up
 * more than its own event: each is asked on a virtual thread, and one that has not answered within a few milliseconds is
 * left to answer later while the next is asked. Thread-safe.
 */
public final class Gate<T> {
    private static final Logger log = LoggerFactory.getLogger(Gate.class);
    private static final Duration PATIENCE = Duration.ofMillis(10);
    private static final Duration LONGEST_WAIT = Duration.ofHours(1);

    private final PermissionCheck<? super T> check;
    private final Duration limit;
    private final ScheduledExecutorService clocks;
    private final String flow;

    /**
     * @param limit how long a check may take before it counts as failed
     * @param clocks measures that time
     * @param flow the name of the flow
     */
    public Gate(PermissionCheck<? super T> check, Duration limit, ScheduledExecutorService clocks, String flow) {
        this.check = check;
        this.limit = limit;
        this.clocks = clocks;
        this.flow = flow;
    }

    /** Whether it lets everything through. */
    boolean isAlwaysOpen() {
        return check instanceof PermissionCheck.Always;
    }

    /** How many of so many events are worth claiming now. */
    int available(int wanted) {
        try {
            return Math.clamp(check.available(wanted), 0, wanted);
        } catch (RuntimeException | Error e) { // user code: the loop must outlive it
            log.error("the permission check's available() failed; claiming as if it had not", Troubles.loggable(e));
            return wanted;
        }
    }

    /** How long until it is worth claiming again; at least a millisecond. */
    Duration untilAvailable() {
        try {
            Duration wait = check.untilAvailable();
            if (wait.compareTo(LONGEST_WAIT) > 0) {
                return LONGEST_WAIT;
            }
            return wait.toMillis() < 1 ? Duration.ofMillis(1) : wait;
        } catch (RuntimeException | Error e) {
            log.error(
                    "the permission check's untilAvailable() failed; looking again in a second", Troubles.loggable(e));
            return Duration.ofSeconds(1);
        }
    }

    /**
     * Asks about one event. Returns when the answer is there or the patience is over; then the answer comes later, by
     * the future, which fails if the check throws or takes too long.
     */
    CompletableFuture<Permission> ask(Event<T> event) {
        if (check instanceof PermissionCheck.Always) {
            return CompletableFuture.completedFuture(Permission.granted());
        }
        if (check instanceof RateLimit rateLimit) { // it never blocks
            return CompletableFuture.completedFuture(rateLimit.request(event));
        }
        CompletableFuture<Permission> answer = new CompletableFuture<>();
        Thread asking = Threads.startVirtual("millrace-permission", () -> {
            int attempt = event.execution().attempt();
            LogContext context = new LogContext(event.id(), flow, event.type(), attempt);
            try {
                Permission permission = check.request(event);
                if (permission == null) {
                    throw new NullPointerException("the permission check answered null");
                }
                answer.complete(permission);
            } catch (Throwable e) { // user code: its errors are this event's alone
                answer.completeExceptionally(e);
            } finally {
                context.restore();
            }
        });
        try {
            answer.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            bound(answer, asking);
        } catch (java.util.concurrent.ExecutionException
                | CancellationException e) { // the latter if it threw just that
            return answer; // whoever handles the answer handles its failure
        } catch (InterruptedException e) {
            bound(answer, asking);
            Thread.currentThread().interrupt();
        }
        return answer;
    }

    /** Not by {@code orTimeout}, whose thread belongs to the JVM and inherits from whoever needed it first. */
    private void bound(CompletableFuture<Permission> answer, Thread asking) {
        var clock = clocks.schedule(
                () -> {
                    if (answer.completeExceptionally(new TimeoutException())) {
                        asking.interrupt();
                    }
                },
                limit.toNanos(),
                TimeUnit.NANOSECONDS);
        CompletableFuture<Permission> unused = answer.whenComplete((permission, error) -> clock.cancel(false));
    }
}
