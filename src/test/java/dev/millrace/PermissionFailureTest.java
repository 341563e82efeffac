package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.PermissionCheck;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Permission checks that give no answer: they harm the event they were asked about and nothing else. */
class PermissionFailureTest extends WithMillrace {
    PermissionFailureTest(TestDatabase database) {
        super(database);
    }

    /** What a check may do to the event "bad" instead of answering. */
    static Stream<Named<PermissionCheck<Task>>> failures() {
        return Stream.of(
                Named.of("throws a checked exception", broken(() -> {
                    throw new java.io.IOException("no route");
                })),
                Named.of("throws a runtime exception", broken(() -> {
                    throw new IllegalStateException("not now");
                })),
                Named.of("throws an Error", broken(() -> {
                    throw new AssertionError("never");
                })),
                Named.of("runs out of stack", broken(PermissionFailureTest::overflow)),
                Named.of("answers null", broken(() -> null)),
                Named.of("hangs", broken(() -> {
                    new CountDownLatch(1).await();
                    return Permission.granted();
                })));
    }

    private interface Answer {
        Permission get() throws Exception;
    }

    private static PermissionCheck<Task> broken(Answer answer) {
        return event -> event.payload().name().equals("bad") ? answer.get() : Permission.granted();
    }

    @SuppressWarnings("InfiniteRecursion") // that is what it is for
    private static Permission overflow() {
        return overflow();
    }

    private ExecutorBuilder<Task> quick() {
        return tasks().permissionTimeout(Duration.ofMillis(50)).handler((task, run) -> null);
    }

    @ParameterizedTest
    @MethodSource("failures")
    @DisplayName("R-059 a check that gives no answer harms only its own event, which backs off without a strike")
    void forward_oneCheckFails_othersRun(PermissionCheck<Task> check) throws InterruptedException {
        Executor<Task> tasks = quick().permission(check).build();
        UUID bad = tasks.append(new Task("bad"), Append.priority(1));
        append(tasks, 5);
        tasks.start();

        int started = tasks.forward();

        assertThat(started).isEqualTo(5);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 5L, EventStatus.PENDING, 1L));
        assertThat(attempts(bad)).containsExactly("permission-error");
        assertThat(database.query("""
                        select priority, denials, failures from scheduled where id = ?
                        union all
                        select priority, denials, failures from ready where id = ? -- its back-off may be over
                        """, bad, bad)).singleElement().asString().isEqualTo("[1.0, 0, 0]");
    }

    @ParameterizedTest
    @MethodSource("failures")
    @DisplayName(
            "R-059 a check that never gives an answer aborts its event after maxPermissionErrors, in the loop as well")
    void execute_checkAlwaysFails_aborts(PermissionCheck<Task> check) throws InterruptedException {
        Executor<Task> tasks = quick().maxPermissionErrors(2).permission(check).build();
        UUID bad = tasks.append(new Task("bad"));
        UUID good = tasks.append(new Task("good"));
        tasks.execute();

        Event<Task> event = ended(tasks, bad);

        assertThat(event.status()).isEqualTo(EventStatus.ABORTED);
        assertThat(errorMessage(event)).startsWith("Event aborted after 2 failed permission checks; the last: ");
        assertThat(attempts(bad)).containsExactly("permission-error");
        assertThat(ended(tasks, good).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("R-059 the attempt of a check that failed keeps its error and says when it comes back")
    void failed_attempt_keepsTheError() throws InterruptedException {
        Executor<Task> tasks = quick().permission(broken(() -> {
                    throw new IllegalStateException("not now");
                }))
                .build();
        UUID bad = tasks.append(new Task("bad"));
        tasks.start();

        tasks.forward();

        assertThat(database.text("select error ->> 'message' from attempt where event = ?", bad))
                .isEqualTo("not now");
        assertThat(database.text(
                        "select s.run_at > a.finished_at from scheduled s join attempt a on a.event = s.id where s.id = ?",
                        bad))
                .isEqualTo("true");
    }

    @Test
    @DisplayName("R-059 a check that hung and answers after its time is over changes nothing")
    void hanging_lateAnswer_isIgnored() throws InterruptedException {
        CountDownLatch answered = new CountDownLatch(1);
        AtomicBoolean ran = new AtomicBoolean();
        Executor<Task> tasks = tasks().permissionTimeout(Duration.ofMillis(20))
                .maxPermissionErrors(1)
                .permission(event -> {
                    try {
                        new CountDownLatch(1).await();
                        return Permission.granted();
                    } catch (InterruptedException e) {
                        answered.countDown();
                        return Permission.granted();
                    }
                })
                .handler((task, run) -> {
                    ran.set(true);
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();

        int started = tasks.forward();

        assertThat(answered.await(LONG.toSeconds(), TimeUnit.SECONDS))
                .as("the hanging check was interrupted")
                .isTrue();
        assertThat(started).isZero();
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.ABORTED);
        assertThat(ran).isFalse();
    }

    @Test
    @DisplayName("R-052 a slow check that grants in time runs its event, and does not hold up the others meanwhile")
    void slowCheck_others_doNotWait() throws InterruptedException {
        CountDownLatch othersDone = new CountDownLatch(4);
        Executor<Task> tasks = tasks().permission(broken(() -> {
                    othersDone.await();
                    return Permission.granted();
                }))
                .handler((task, run) -> {
                    othersDone.countDown();
                    return null;
                })
                .build();
        tasks.append(new Task("bad"), Append.priority(1));
        append(tasks, 4);
        tasks.start();

        int started = tasks.forward();

        assertThat(started).isEqualTo(5);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 5L));
    }

    @Test
    @DisplayName("R-059 forward counts as started only what was granted, also when the answer came late")
    void slowCheck_thatDenies_isNotCounted() throws InterruptedException {
        Executor<Task> tasks = tasks().permission(event -> {
                    new CountDownLatch(1).await(30, TimeUnit.MILLISECONDS);
                    return Permission.denied("thought about it");
                })
                .handler((task, run) -> null)
                .build();
        append(tasks, 2);
        tasks.start();

        assertThat(tasks.forward()).isZero();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 2L));
    }

    @Test
    @DisplayName("R-059 a check whose available() fails in any way is asked about each event instead")
    void available_throwsAnError_isAskedAnyway() throws InterruptedException {
        PermissionCheck<Task> check = new PermissionCheck<>() {
            private final AtomicInteger looks = new AtomicInteger();

            @Override
            public Permission request(Event<? extends Task> event) {
                return Permission.granted();
            }

            @Override
            public int available(int wanted) {
                if (looks.getAndIncrement() % 2 == 0) {
                    throw new AssertionError("broken");
                }
                throw new IllegalStateException("broken");
            }
        };
        Executor<Task> tasks = quick().permission(check).build();
        append(tasks, 3);
        tasks.execute();

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 3L));
        assertThat(tasks.isExecuting()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("strangeWaits")
    @DisplayName("R-059 a check whose untilAvailable() is out of any range does not end the loop")
    void untilAvailable_outOfRange_loopLives(Duration wait) {
        CountDownLatch asked = new CountDownLatch(3);
        PermissionCheck<Task> check = new PermissionCheck<>() {
            @Override
            public Permission request(Event<? extends Task> event) {
                return Permission.granted();
            }

            @Override
            public int available(int wanted) {
                asked.countDown();
                return 0;
            }

            @Override
            public Duration untilAvailable() {
                return wait;
            }
        };
        Executor<Task> tasks = quick().permission(check).build();
        tasks.execute();
        while (asked.getCount() > 0) {
            append(tasks, 1); // wakes the loop
        }

        assertThat(tasks.isExecuting()).isTrue();
    }

    static Stream<Duration> strangeWaits() {
        return Stream.of(
                Duration.ofSeconds(Long.MAX_VALUE),
                Duration.ofDays(365_000),
                Duration.ofSeconds(-5),
                Duration.ofNanos(1));
    }

    @Test
    @DisplayName("R-059 a forward that is interrupted loses no event: what it had denied goes back, what ran settles")
    void forward_interrupted_losesNothing() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        Executor<Task> tasks = tasks().concurrencyLimit(1)
                .denialBackOff(Duration.ZERO)
                .permission(event -> Permission.of(!event.payload().name().equals("bad")))
                .handler((task, run) -> {
                    running.countDown();
                    release.await();
                    return null;
                })
                .build();
        UUID bad = tasks.append(new Task("bad"), Append.priority(1));
        append(tasks, 3);
        tasks.start();
        AtomicBoolean interrupted = new AtomicBoolean();
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                tasks.forward();
            } catch (InterruptedException e) {
                interrupted.set(true);
            }
        });
        assertThat(running.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();

        caller.interrupt();
        caller.join(LONG);
        release.countDown();

        assertThat(interrupted).isTrue();
        database.await("select count(*) = 1 from outcome");
        database.await("select count(*) = 1 from ready where id = ?", bad);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L, EventStatus.PENDING, 3L));
    }

    @Test
    @DisplayName("R-046 an executor without a handler says so instead of claiming")
    void start_withoutHandler_isRefused() {
        Executor<Task> tasks = tasks().build();

        assertThatThrownBy(tasks::start)
                .hasMessage(
                        "executor 'tasks' has no handler: it can append and query, not run; build it with handler(…)");
    }
}
