package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A worker's goodbye over a connection that the server has ended meanwhile. */
@PostgresTest
class GoodbyeTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final TestDatabase database;

    GoodbyeTest(TestDatabase database) {
        this.database = database;
    }

    record Task(int number) {}

    @Test
    @DisplayName("13.4 a goodbye whose connection was ended while it was idle is said again on a fresh one")
    void close_afterTheServerEndedTheIdleSession_leavesAllTheSame() throws Exception {
        database.truncateAll();
        try (Millrace millrace = Millrace.builder()
                .dataSource(database.newPool(6))
                .lease(Duration.ofHours(1)) // it renews nothing meanwhile
                .connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> {})
                    .build();
            tasks.execute();
            assertThat(tasks.await(tasks.append(new Task(0)), LONG)).isPresent();
            database.await("select count(*) = 1 from worker");
            // as idle_session_timeout does
            assertThat(database.longValue("select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity"
                            + " where datname = current_database() and query ~ '^-- worker_re'"))
                    .isOne();
        }

        assertThat(database.longValue("select count(*) from worker")).isZero();
    }
}
