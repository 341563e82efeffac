package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Timeouts are decided by the clock, whatever the handler does about them. */
class TimeoutTest extends WithMillrace {
    private static final Append SHORT = Append.timeout(Duration.ofMillis(50));

    TimeoutTest(TestDatabase database) {
        super(database);
    }

    private static void assertTimedOut(Event<Task> event) {
        assertThat(event.status()).isEqualTo(EventStatus.CANCELLED);
        assertThat(errorName(event)).isEqualTo("TimeoutError");
        assertThat(errorMessage(event)).isEqualTo("Operation timed out after 0.05s");
        assertThat(event.execution().retryable()).isTrue();
        assertThat(event.execution().response()).isNull();
        assertThat(event.execution().duration()).isGreaterThanOrEqualTo(Duration.ofMillis(50));
    }

    @Test
    @DisplayName("R-016 a handler that can be interrupted is, and its event is cancelled with the timeout's error")
    void handler_interruptible_isInterrupted() throws InterruptedException {
        CountDownLatch interrupted = new CountDownLatch(1);
        AtomicBoolean knew = new AtomicBoolean();
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    try {
                        return new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        knew.set(run.isCancelled());
                        interrupted.countDown();
                        throw e;
                    }
                })
                .build();
        UUID id = tasks.append(new Task("x"), SHORT);
        tasks.start();

        tasks.forward();

        assertTimedOut(event(tasks, id));
        assertThat(interrupted.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(knew).as("the run says it is cancelled before the interrupt").isTrue();
    }

    @Test
    @DisplayName(
            "R-015 a handler that ignores the interrupt ends as cancelled at its deadline, and forward does not wait for it")
    void handler_ignoresInterrupts_isCancelledOnTime() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch returned = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    boolean released = false;
                    while (!released) {
                        try {
                            released = release.await(LONG.toSeconds(), TimeUnit.SECONDS);
                        } catch (InterruptedException e) {
                            // ignored on purpose
                        }
                    }
                    returned.countDown();
                    return "late";
                })
                .build();
        UUID id = tasks.append(new Task("x"), SHORT);
        tasks.start();

        tasks.forward();
        assertTimedOut(event(tasks, id));
        release.countDown();

        assertThat(returned.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        tasks.append(new Task("flush"), Append.defaults());
        tasks.forward(); // whatever the late answer did is done before this settles
        assertTimedOut(event(tasks, id));
    }

    @Test
    @DisplayName("R-015 a late return counts as cancelled even when nobody interrupted: the clock decides")
    void handler_returnsLate_isCancelled() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    long end = System.nanoTime() + Duration.ofMillis(60).toNanos();
                    while (System.nanoTime() < end) {
                        LockSupport.parkNanos(1_000_000); // returns at once when interrupted
                    }
                    return "late";
                })
                .build();
        UUID id = tasks.append(new Task("x"), SHORT);
        tasks.start();

        tasks.forward();

        assertTimedOut(event(tasks, id));
    }

    @Test
    @DisplayName("R-015 an error after the deadline is the timeout's, not the handler's")
    void handler_throwsLate_isCancelled() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException("wrapped", e);
                    }
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"), SHORT);
        tasks.start();

        tasks.forward();

        assertTimedOut(event(tasks, id));
    }

    @Test
    @DisplayName(
            "R-015 the clock starts with the handler, not in the queue: a queue longer than the timeout cancels nobody")
    void timeout_startsWithTheHandler() throws InterruptedException {
        Executor<Task> tasks = tasks().concurrencyLimit(1)
                .handler((task, run) -> new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS))
                .build();
        for (int i = 0; i < 30; i++) {
            tasks.append(new Task("x"), Append.timeout(Duration.ofMillis(500)));
        }
        tasks.start();

        tasks.forward();

        assertThat(count(tasks, EventStatus.COMPLETED)).isEqualTo(30);
    }

    @Test
    @DisplayName("R-016 a timeout of one second says 1.0s")
    void message_wholeSeconds_hasAPoint() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    new CountDownLatch(1).await();
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"), Append.timeout(Duration.ofSeconds(1)));
        tasks.start();

        tasks.forward();

        assertThat(errorMessage(event(tasks, id))).isEqualTo("Operation timed out after 1.0s");
    }

    @Test
    @DisplayName("R-015 an answer in time is completed, and its clock does not fire later")
    void handler_inTime_completes() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> "fast").build();
        UUID id = tasks.append(new Task("x"), Append.timeout(Duration.ofSeconds(20)));
        tasks.start();

        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event(tasks, id).timeout()).isEqualTo(Duration.ofSeconds(20));
    }

    @Test
    @DisplayName("R-016 a timeout is not a failure: it is cancelled whatever the retry policy")
    void timeout_withRetryPolicy_isCancelled() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 5))
                .handler((task, run) -> {
                    new CountDownLatch(1).await();
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"), SHORT);
        tasks.start();

        tasks.forward();

        assertTimedOut(event(tasks, id));
        assertThat(event(tasks, id).execution().attempt()).isEqualTo(1);
    }

    @Test
    @DisplayName("R-056 a timeout frees its slot: with a limit of 1 the next event runs")
    void timeout_freesItsSlot() throws InterruptedException {
        Executor<Task> tasks = tasks().concurrencyLimit(1)
                .handler((task, run) -> {
                    if (task.name().equals("stuck")) {
                        new CountDownLatch(1).await();
                    }
                    return null;
                })
                .build();
        tasks.append(new Task("stuck"), SHORT.withPriority(1));
        tasks.append(new Task("next"));
        tasks.execute();

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(names(tasks, EventStatus.CANCELLED)).containsExactly("stuck");
        assertThat(names(tasks, EventStatus.COMPLETED)).containsExactly("next");
    }

    @Test
    @DisplayName("R-004 the shortest timeout there is cancels, and breaks nothing")
    void timeout_oneNanosecond_cancels() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        UUID id = tasks.append(new Task("x"), Append.timeout(Duration.ofNanos(1)));
        tasks.start();

        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.CANCELLED);
    }
}
