package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Claiming ahead of free slots: how far, for whom, and what becomes of it. */
class PrefetchTest extends WithMillrace {
    private static final int MANY = 3_000;

    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicBoolean slow = new AtomicBoolean();
    private final CountDownLatch slowed = new CountDownLatch(1);

    PrefetchTest(TestDatabase database) {
        super(database);
    }

    /** Tasks that are over at once until they are told to be slow; then each waits for the end. */
    private ExecutorBuilder<Task> tasksThatSlowDown(int at) {
        AtomicInteger handled = new AtomicInteger();
        return tasks().concurrencyLimit(2).handler((task, run) -> {
            if (handled.incrementAndGet() >= at) {
                slow.set(true);
            }
            if (slow.get()) {
                slowed.countDown();
                end.await();
            }
            return null;
        });
    }

    @Test
    @DisplayName(
            "Fast handlers get their next events before they are done; what is ahead goes back when the loop stops")
    void stop_withEventsClaimedAhead_givesThemBackAtOnce() throws InterruptedException {
        Executor<Task> tasks = tasksThatSlowDown(1_000).build();
        append(tasks, MANY);
        tasks.execute();
        slowed.await();
        database.await("select count(*) > 2 from running"); // more than run at once

        tasks.stop();

        database.await("select count(*) = 2 from running");
        assertThat(database.longValue("select count(*) from attempt where reason = 'shutdown'"))
                .isEqualTo(database.longValue("select count(*) from ready where attempt = 1"))
                .isPositive();
        assertThat(database.longValue("select max(deaths) + max(failures) from ready"))
                .isZero();
        end.countDown();
        tasks.execute();
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(java.util.Map.of(EventStatus.COMPLETED, (long) MANY));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7})
    @DisplayName("No more is ever ahead than was asked for")
    void prefetch_always_isBounded(int prefetch) throws InterruptedException {
        Executor<Task> tasks = tasksThatSlowDown(1_000).prefetch(prefetch).build();
        append(tasks, MANY);
        tasks.execute();
        slowed.await();
        database.await("select count(*) >= 2 from running");

        for (int i = 0; i < 20; i++) {
            assertThat(database.longValue("select count(*) from running")).isLessThanOrEqualTo(2 + prefetch);
        }
        end.countDown();
        assertThat(tasks.join(LONG)).isTrue();
    }

    @Test
    @DisplayName("Nothing is claimed ahead of slow handlers, so another worker can have it")
    void prefetch_ofSlowHandlers_isNothing() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().concurrencyLimit(3).handler(stage).build();
        append(tasks, 50);
        tasks.execute();
        stage.awaitEntered(3);

        stage.release(1);
        stage.awaitEntered(1);

        database.await("select count(*) = 3 from running");
        stage.releaseAll();
        assertThat(tasks.join(LONG)).isTrue();
    }

    @Test
    @DisplayName("However events reach their slots, each runs once and no more run at once than may")
    void prefetch_ofManyFastOnes_keepsTheLimitAndRunsEachOnce() throws InterruptedException {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger twice = new AtomicInteger();
        Executor<Task> tasks = tasks().concurrencyLimit(5)
                .handler((task, run) -> {
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    if (!seen.add(task.name())) {
                        twice.incrementAndGet();
                    }
                    running.decrementAndGet();
                    return null;
                })
                .build();
        append(tasks, MANY);
        tasks.execute();

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(seen).hasSize(MANY);
        assertThat(twice).hasValue(0);
        assertThat(most.get()).isLessThanOrEqualTo(5);
    }

    @Test
    @DisplayName("An urgent event is found within a second, and then waits for no more than what is ahead of it")
    void prefetch_whenAnUrgentEventComes_isOvertakenByNobodyElse() throws InterruptedException {
        List<String> order = new java.util.concurrent.CopyOnWriteArrayList<>();
        Executor<Task> tasks = tasksThatSlowDown(500)
                .prefetch(10)
                .concurrencyLimit(1)
                .handler((task, run) -> {
                    order.add(task.name());
                    if (order.size() == 500) {
                        slowed.countDown();
                        end.await();
                    }
                    return null;
                })
                .build();
        append(tasks, 1_000);
        tasks.execute();
        slowed.await();
        tasks.append(new Task("urgent"), Append.priority(-1.0));
        database.query("select pg_sleep(1.1)"); // as long as a claim may look above its floor only
        end.countDown();

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(order.indexOf("urgent")).isBetween(500, 500 + 2 * 10); // a claim may have been under way
    }

    @Test
    void prefetch_outOfBounds_isRefused() {
        assertThatThrownBy(() -> tasks().prefetch(10_001).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prefetch must be 0 to 10000, got 10001");
    }
}
