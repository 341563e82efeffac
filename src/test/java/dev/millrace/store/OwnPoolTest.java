package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.faults.FaultyNetwork;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@PostgresTest
class OwnPoolTest {
    private final TestDatabase database;

    OwnPoolTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    @DisplayName("a connection that is still being dialed when its pool is closed does not stay open")
    void close_whileDialing_leavesNoConnection() throws Exception {
        try (FaultyNetwork network = FaultyNetwork.before(database)) {
            network.hold();
            try (HikariDataSource pool = OwnPool.open(network.through(database), 2)) {
                assertThatThrownBy(pool::getConnection).isInstanceOf(SQLTransientConnectionException.class);
                assertThat(network.allClosed()).isNotDone();
            }
            network.letGo();
            assertThat(network.allClosed()).succeedsWithin(Duration.ofSeconds(60));
        }
    }

    @Test
    @DisplayName("13.7 a pool keeps two connections that nobody uses, and not its whole size")
    void idle_poolOfAnySize_keepsTwo() throws Exception {
        try (HikariDataSource pool = OwnPool.open(database.jdbcUrl() + "&ApplicationName=own-pool", 20)) {
            List<Connection> all = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                all.add(pool.getConnection());
            }
            for (Connection connection : all) {
                connection.close();
            }

            assertThat(pool.getMinimumIdle()).isEqualTo(2);
            assertThat(pool.getIdleTimeout()).isEqualTo(Duration.ofMinutes(1).toMillis());
            pool.getHikariPoolMXBean().softEvictConnections(); // as the minute would
            database.await("select count(*) <= 2 from pg_stat_activity where application_name = 'own-pool'");
        }
        try (HikariDataSource smallest = OwnPool.open(database.jdbcUrl(), 2)) {
            assertThat(smallest.getMinimumIdle()).isEqualTo(2);
        }
    }
}
