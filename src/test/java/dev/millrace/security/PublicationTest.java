package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Under a publication of all tables, each change needs to say which row it is about. */
@PostgresTest
class PublicationTest {
    private final TestDatabase database;

    PublicationTest(TestDatabase database) {
        this.database = database;
    }

    record Task(int number) {}

    @Test
    @DisplayName("13.3 every table has a primary key or a stated replica identity")
    void tables_always_haveAnIdentity() {
        assertThat(database.list(
                        String.class,
                        "select c.relname::text from pg_class c where c.relnamespace = 'millrace'::regnamespace and c.relkind = 'r'"
                                + " and c.relreplident = 'd' and not exists"
                                + " (select from pg_index i where i.indrelid = c.oid and i.indisprimary)"))
                .isEmpty();
    }

    @Test
    @DisplayName("13.3 a worker runs, and counts are folded, under a publication of all tables")
    void execute_underAPublicationOfAllTables_runsAndFolds() throws InterruptedException {
        database.truncateAll();
        database.execute("create publication everything for all tables");
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> {})
                    .build();
            List<Task> all = IntStream.range(0, 500).mapToObj(Task::new).toList();
            tasks.appendAll(all);
            tasks.execute();
            assertThat(tasks.join(Duration.ofMinutes(2))).isTrue();

            database.await("select not exists (select from status_delta)"); // folded, which deletes them
            assertThat(tasks.statusCounts()).containsEntry(EventStatus.COMPLETED, 500L);
            assertThat(tasks.cleanupEvents()).isEqualTo(500);
        } finally {
            database.execute("drop publication everything");
        }
    }
}
