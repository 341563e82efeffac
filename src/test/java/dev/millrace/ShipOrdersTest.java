package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The examples' worker, which Java runs from its source on a database that has nothing yet. */
@PostgresTest
class ShipOrdersTest {
    private final TestDatabase database;

    ShipOrdersTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void worker_onAnEmptyDatabase_migratesShipsAndLeavesWhenAsked() throws Exception {
        TestDatabase empty = database.empty();
        Process worker = start(empty);
        try (BufferedReader out = worker.inputReader()) {
            assertThat(out.readLine()).isEqualTo("shipping orders until interrupted");
            String few = append(empty, 100);
            String many = append(empty, 101);

            assertThat(empty.text("select await(?::uuid, 30)", few)).isEqualTo("completed");
            assertThat(empty.text("select event(?::uuid) -> 'execution' -> 'response' ->> 'tracking'", few))
                    .isEqualTo("T-" + few.substring(24));
            assertThat(empty.text("select await(?::uuid, 30)", many)).isEqualTo("failed");
            assertThat(empty.text("select event(?::uuid) -> 'execution' -> 'error' ->> 'message'", many))
                    .isEqualTo("there are only 100 of 'wheel' in stock");

            worker.toHandle().destroy();
            assertThat(worker.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(empty.longValue("select count(*) from worker")).isZero();
        } finally {
            worker.destroyForcibly();
        }
    }

    private static String append(TestDatabase database, int quantity) {
        return Objects.requireNonNull(database.text(
                "select append('orders', 'ship-order',"
                        + " jsonb_build_object('order', 'A-1', 'item', 'wheel', 'quantity', ?::integer))",
                quantity));
    }

    private static Process start(TestDatabase database) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Dlogback.configurationFile=dev/millrace/cli/logback.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "examples/java/ShipOrders.java"))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("MILLRACE_") || name.equals("DATABASE_URL"));
        environment.putAll(PlaceOrder.place(database));
        return builder.start();
    }
}
