package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker process with a small heap, and a handler that wants more than that. */
@PostgresTest
class OutOfMemoryTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final TestDatabase database;

    @TempDir
    private Path folder;

    OutOfMemoryTest(TestDatabase database) {
        this.database = database;
    }

    record Meal(int number, String appetite) {}

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    @Test
    @DisplayName(
            "A14 out of memory: claims no more, gives back what it holds, exits non-zero; another worker does the rest")
    void outOfMemory_inAHandler_releasesAndExits() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Meal> meals =
                    Greedy.meals(millrace).handler((meal, run) -> meal.number()).build();
            List<UUID> ids = runUntilTheEnd(meals, "passing");

            assertThat(database.longValue("select count(*) from running")).isZero();
            assertThat(database.longValue("select count(*) from worker")).isZero();
            assertThat(database.list(String.class, "select reason from attempt"))
                    .hasSizeGreaterThanOrEqualTo(2)
                    .containsOnly("shutdown");
            meals.execute();
            assertThat(ended(meals, ids.getFirst()).status()).isEqualTo(EventStatus.FAILED);
            for (UUID id : ids.subList(1, ids.size())) {
                assertThat(ended(meals, id).status()).isEqualTo(EventStatus.COMPLETED);
            }
        }
    }

    @Test
    @DisplayName("A12 where memory stays short the process ends all the same, and its lease sees to what it held")
    void outOfMemory_thatLasts_endsTheProcess() throws Exception {
        try (Millrace millrace = Millrace.builder()
                .dataSource(database.newPool(4))
                .lease(Greedy.LEASE)
                .connect()) {
            Executor<Meal> meals =
                    Greedy.meals(millrace).handler((meal, run) -> meal.number()).build();
            List<UUID> ids = runUntilTheEnd(meals, "lasting");

            meals.execute();
            for (UUID id : ids) {
                assertThat(ended(meals, id).status()).isIn(EventStatus.COMPLETED, EventStatus.FAILED);
            }
        }
    }

    /** Has a worker process hold two modest meals and get a greedy one; the greedy one's id comes first. */
    private List<UUID> runUntilTheEnd(Executor<Meal> meals, String appetite) throws Exception {
        try (ChildJvm worker = ChildJvm.start(folder, "48m", Greedy.class, database.jdbcUrl())) {
            List<UUID> ids = new ArrayList<>(meals.appendAll(List.of(new Meal(1, "none"), new Meal(2, "none"))));
            database.await("select count(*) = 2 from running");
            ids.addFirst(meals.append(new Meal(3, appetite)));
            String said = worker.readAll();
            assertThat(worker.exitCode()).as(said).isEqualTo(1);
            ids.add(meals.append(new Meal(4, "none")));
            return ids;
        }
    }

    private static Event<Meal> ended(Executor<Meal> meals, UUID id) throws InterruptedException {
        return meals.await(id, LONG).orElseThrow();
    }

    /** The worker's process. */
    static final class Greedy {
        static final Duration LEASE = Duration.ofSeconds(3);
        private static final List<byte[]> HOARD = new ArrayList<>();

        private Greedy() {}

        static dev.millrace.ExecutorBuilder<Meal> meals(Millrace millrace) {
            return millrace.executor("meals", Meal.class);
        }

        /** The argument is the database's URL. */
        public static void main(String[] arguments) throws InterruptedException {
            Millrace millrace = Millrace.builder()
                    .jdbcUrl(arguments[0])
                    .lease(LEASE)
                    .shutdownGrace(Duration.ofMillis(200))
                    .onFatalError(error -> System.exit(1))
                    .connect();
            LastResort.watch(millrace, Duration.ofSeconds(10));
            Runtime.getRuntime().addShutdownHook(new Thread(millrace::close));
            meals(millrace)
                    .handler((meal, run) -> {
                        switch (meal.appetite()) {
                            case "passing" -> eat(new ArrayList<>());
                            case "lasting" -> eat(HOARD);
                            default -> new CountDownLatch(1).await();
                        }
                        return meal.number();
                    })
                    .build()
                    .execute();
            Thread.currentThread().join();
        }

        private static void eat(List<byte[]> plates) {
            while (true) {
                plates.add(new byte[1 << 16]);
            }
        }
    }
}
