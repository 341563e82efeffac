package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Events that go from processing back to pending, with their counters. */
@PostgresTest
class ReturnedTest {
    private final TestDatabase database;
    private Millrace millrace;

    ReturnedTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void connect() {
        database.truncateAll();
        millrace = Millrace.builder()
                .dataSource(database.newPool(8))
                .shutdownGrace(Duration.ZERO)
                .connect();
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    record Task(String name) {}

    @Test
    void retry_afterAFailure_runsAgainWithOneMoreFailure() throws InterruptedException {
        AtomicInteger runs = new AtomicInteger();
        Executor<Task> tasks = millrace.executor("tasks", Task.class)
                .retry(RetryPolicy.fixed(Duration.ZERO, 3))
                .handler((task, run) -> {
                    if (runs.incrementAndGet() < 3) {
                        throw new IllegalStateException("not yet");
                    }
                    return run.attempt();
                })
                .build();
        tasks.append(new Task("a"));

        tasks.execute();
        assertThat(tasks.join(Duration.ofSeconds(60))).isTrue();

        assertThat(tasks.completedEvents())
                .singleElement()
                .satisfies(event -> assertThat(event.execution().attempt()).isEqualTo(3));
        assertThat(database.list(String.class, "select reason from attempt order by attempt"))
                .isEqualTo(List.of("retry", "retry"));
    }

    @Test
    void close_whileAHandlerRuns_givesItsEventBackWithoutADeath() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        Executor<Task> tasks = millrace.executor("tasks", Task.class)
                .handler((task, run) -> {
                    running.countDown();
                    new CountDownLatch(1).await();
                    return null;
                })
                .build();
        tasks.append(new Task("a"));
        tasks.execute();
        running.await();

        millrace.close();

        assertThat(database.query("select attempt, failures, deaths, lane > 0 from ready"))
                .isEqualTo(List.of(List.of(1, 0, 0, true)));
        assertThat(database.list(String.class, "select reason from attempt")).isEqualTo(List.of("shutdown"));
        assertThat(database.longValue("select count(*) from worker")).isZero();
    }

    @Test
    void retry_ofASuspect_clearsItsDeaths() throws InterruptedException {
        Executor<Task> tasks = millrace.executor("tasks", Task.class)
                .retry(RetryPolicy.fixed(Duration.ofHours(1), 3))
                .handler((task, run) -> {
                    throw new IllegalStateException("a failure is not a death");
                })
                .build();
        tasks.append(new Task("a"));
        database.execute("update ready set deaths = 2, lane = -lane");
        tasks.start();

        tasks.forward();

        assertThat(database.query("select failures, deaths, lane > 0 from scheduled"))
                .isEqualTo(List.of(List.of(1, 0, true)));
        assertThat(tasks.statusCounts()).containsEntry(EventStatus.PENDING, 1L);
    }
}
