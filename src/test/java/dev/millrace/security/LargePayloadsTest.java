package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.cli.ChildJvm;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Payloads that do not fit into the memory of a worker all at once. */
@PostgresTest
class LargePayloadsTest {
    private static final String FLOW = "large";
    private static final int SIZE = 60 << 20;

    private final TestDatabase database;

    @TempDir
    private Path folder;

    LargePayloadsTest(TestDatabase database) {
        this.database = database;
    }

    record Load(int number, String text) {}

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    /** Appends so many, of a payload that repeats and compresses well. */
    private void append(int from, int count, int bytes) {
        database.execute(
                "with fresh as (insert into event (id, flow, type, payload, priority)"
                        + " select gen_random_uuid(), lane.flow, lane.type, jsonb_build_object('number', n, 'text', repeat('x', ?)), 0"
                        + " from lane cross join generate_series(?::integer, ?::integer) n returning id, flow)"
                        + " insert into ready (id, priority, lane, flow) select fresh.id, 0, lane.id, fresh.flow from fresh join lane using (flow)",
                bytes,
                from,
                from + count - 1);
    }

    @Test
    @DisplayName("13.21 ten payloads of 60 MB and a heap of 512 MB: none is lost, no neighbour is charged")
    void worker_withPayloadsThatDoNotFitTogether_completesAll() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(2))) {
            Executor<Load> loads = millrace.executor(FLOW, Load.class).build();
            assertThat(loads.statusCounts().get(EventStatus.COMPLETED)).isZero();
            append(0, 20, 10);
            append(100, 10, SIZE);
            append(200, 20, 10);
            try (ChildJvm worker = ChildJvm.start(folder, "512m", Porter.class, database.jdbcUrl())) {
                String said = worker.readAll();
                assertThat(worker.exitCode()).as(said).isZero();
                assertThat(said).contains("ran 50");
            }
            assertThat(loads.statusCounts()).containsEntry(EventStatus.COMPLETED, 50L);
        }
        assertThat(database.longValue("select count(*) from attempt")).isZero();
        assertThat(database.longValue("select max(attempt) from outcome")).isOne();
    }

    @Test
    @DisplayName("13.21 a large payload passes the permission check, and what is invoked by its id comes as well")
    void executor_withAPermissionCheck_runsLargePayloads() throws Exception {
        try (Millrace millrace = Millrace.builder()
                .dataSource(database.newPool(4))
                .payloadMemory(1 << 20)
                .connect()) {
            Executor<Load> loads = millrace.executor(FLOW, Load.class)
                    .permission(event -> event.payload().text().length() > 100_000
                            ? Permission.granted()
                            : Permission.denied("small"))
                    .handler((load, run) -> load.text().length())
                    .build();
            loads.start();
            append(0, 5, 1 << 20);
            int forwarded = loads.forward();
            append(5, 1, 1 << 20);
            loads.invoke(UUID.fromString(database.text("select id::text from ready")));

            assertThat(forwarded).isEqualTo(5);
            assertThat(loads.statusCounts()).containsEntry(EventStatus.COMPLETED, 6L);
            assertThat(database.list(String.class, "select distinct response::text from outcome"))
                    .containsExactly(Integer.toString(1 << 20));
        }
    }

    /** The worker's process. */
    static final class Porter {
        private Porter() {}

        /** The argument is the database's URL. */
        public static void main(String[] arguments) throws InterruptedException {
            Millrace millrace = Millrace.builder()
                    .jdbcUrl(arguments[0])
                    .payloadCap(64 << 20)
                    .onFatalError(error -> {
                        error.printStackTrace();
                        Runtime.getRuntime().halt(3);
                    })
                    .connect();
            Executor<Load> loads = millrace.executor(FLOW, Load.class)
                    .handler((load, run) -> load.text().length())
                    .build();
            loads.execute();
            boolean all = loads.join(Duration.ofMinutes(5));
            long ran = loads.statusCounts().get(EventStatus.COMPLETED);
            millrace.close();
            System.out.println("ran " + ran);
            Runtime.getRuntime().halt(all ? 0 : 2);
        }
    }
}
