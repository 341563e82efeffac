package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** The counts of a database from before due and scheduled were told apart. */
@PostgresTest
class CountsMigrationTest {
    private static final String SCHEDULE = "insert into scheduled (id, run_at, priority, position, lane, flow)"
            + " select gen_random_uuid(), now() + interval '1 day', n, n, 1, 1 + mod(n, 2) from generate_series(1, %d) n";

    private static void migrate(TestDatabase database, String options, String target) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(database.directUrl());
        source.setOptions(options);
        Flyway.configure()
                .dataSource(source)
                .locations("classpath:dev/millrace/migration")
                .schemas("millrace")
                .defaultSchema("millrace")
                .createSchemas(true)
                .table("schema_history")
                .target(target)
                .load()
                .migrate();
    }

    @Test
    @DisplayName(
            "12.16 a migration tells scheduled and due apart exactly, also what is scheduled and taken out while it waits")
    void migrate_countsOfBefore_areExact(TestDatabase given) throws Exception {
        TestDatabase database = given.empty();
        migrate(database, "", "13");
        database.execute("insert into flow (name) values ('one'), ('other')");
        database.execute("insert into lane (flow, type) values (1, 'task')");
        database.execute(
                "insert into ready (id, priority, lane, flow) select gen_random_uuid(), n, 1, 1 from generate_series(1, 5) n");
        database.execute(SCHEDULE.formatted(7));
        new Counts(new Database(database.newPool(1), "millrace", Duration.ofSeconds(20))).fold();
        database.execute(SCHEDULE.formatted(4)); // not folded
        try (Connection open = database.connect();
                Statement statement = open.createStatement();
                ExecutorService thread = Executors.newSingleThreadExecutor()) {
            open.setAutoCommit(false);
            statement.execute("set search_path = millrace");
            statement.execute(SCHEDULE.formatted(2));
            statement.execute("delete from scheduled where ctid in (select ctid from scheduled limit 1)");
            Future<?> migrated = thread.submit(() -> migrate(database, "", Schema.VERSION));
            database.await("select exists (select from pg_locks where not granted)");
            commit(open);
            migrated.get();
        }

        for (String flow : List.of("one", "other")) {
            assertThat(database.query("select due, scheduled from pending_counts(?)", flow))
                    .isEqualTo(database.query("""
                            select (select count(*) from ready where flow = f.id), (select count(*) from scheduled where flow = f.id)
                            from flow f where f.name = ?
                            """, flow));
        }
        assertThat(database.longValue("select sum(pending) from flow_status")).isEqualTo(5 + 7 + 4 + 2 - 1);
        database.execute("delete from scheduled");
        assertThat(database.longValue("select sum(due) from flow_status where scheduled = 0"))
                .isEqualTo(5);
    }

    @Test
    @DisplayName(
            "12.16 where a transaction would not see what is scheduled meanwhile, the migration is refused with a remedy, which works")
    void migrate_inRepeatableRead_isRefused(TestDatabase given) {
        TestDatabase database = given.empty();
        String repeatable = "-c default_transaction_isolation=repeatable\\ read";
        migrate(database, repeatable, "13");
        database.execute("insert into flow (name) values ('one')");
        database.execute(SCHEDULE.formatted(3));

        assertThatThrownBy(() -> migrate(database, repeatable, Schema.VERSION))
                .hasMessageContaining(
                        "schema millrace: counting scheduled events needs a transaction that is READ COMMITTED,"
                                + " not REPEATABLE READ")
                .hasMessageContaining("Hint: Migrate over a connection whose URL has options=");

        migrate(database, "-c default_transaction_isolation=read\\ committed", Schema.VERSION);
        assertThat(database.query("select due, scheduled from pending_counts('one')"))
                .isEqualTo(database.query("select 0::bigint, count(*) from scheduled where flow = 1"));
        migrate(given.empty(), repeatable, Schema.VERSION); // an empty schema has nothing to count
    }

    private static void commit(Connection open) throws SQLException {
        open.commit();
        open.setAutoCommit(true);
    }
}
