package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.faults.FaultyDataSource;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What a fleet that has nothing to do asks of its database. */
@NotPooled("counts the statements of workers that listen")
class FleetTest extends WithMillrace {
    private static final int WORKERS = 10;
    private static final double SECONDS = 8;

    FleetTest(TestDatabase database) {
        super(database);
    }

    @Test
    void fleet_idle_asksLittle() {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(50)); // for all: each keeps two connections
        for (int i = 0; i < WORKERS; i++) {
            tasks(opened(Millrace.connect(statements)))
                    .handler((task, run) -> null)
                    .build()
                    .execute();
        }
        database.await("select count(*) = ? from sleeper", 2 * WORKERS);
        database.query("select pg_sleep(5)"); // they look less and less often

        Map<String, Integer> before = statements.executionsByName();
        long begin = System.nanoTime();
        database.query("select pg_sleep(?)", SECONDS);
        Map<String, Double> rates = new TreeMap<>();
        double seconds = (System.nanoTime() - begin) / 1e9;
        statements
                .executionsByName()
                .forEach((name, count) ->
                        rates.put(name, Math.round((count - before.getOrDefault(name, 0)) / seconds * 10) / 10.0));
        double all = rates.values().stream().mapToDouble(rate -> rate).sum();

        System.out.printf("FleetTest: %d idle workers, %.1f statements/s in all: %s%n", WORKERS, all, rates);
        assertThat(all).as("statements a second: " + rates).isLessThanOrEqualTo(20);
    }
}
