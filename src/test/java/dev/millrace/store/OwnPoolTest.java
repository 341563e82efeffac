package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.faults.FaultyNetwork;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
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
}
