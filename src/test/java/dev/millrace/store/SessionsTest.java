package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** How many sessions a process opens while some are given up. */
@PostgresTest
@NotPooled("about the server's own sessions")
class SessionsTest {
    private static final int MOST = 2;

    private final TestDatabase database;
    private final Sessions sessions = new Sessions(MOST);

    SessionsTest(TestDatabase database) {
        this.database = database;
    }

    private List<Integer> giveUpMoreThanAreAllowed() throws SQLException {
        List<Integer> processes = new ArrayList<>();
        Connection[] open = new Connection[MOST + 1];
        for (int i = 0; i < open.length; i++) {
            open[i] = sessions.open(database::connect);
            processes.add(open[i].unwrap(PGConnection.class).getBackendPID());
        }
        for (Connection connection : open) {
            Lending.abort(connection);
        }
        return processes;
    }

    @Test
    void open_rightAfterAsManyWereGivenUp_isRefused() throws SQLException {
        List<Integer> unused = giveUpMoreThanAreAllowed();

        assertThatThrownBy(() -> sessions.open(database::connect))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("may still be at work on the server")
                .extracting(e -> ((SQLException) e).getSQLState())
                .isEqualTo(Sessions.ALL_HELD);
    }

    @Test
    void open_whileTheProcessEnds_asksTheServerAtOnce() throws SQLException {
        for (int process : giveUpMoreThanAreAllowed()) {
            database.await("select not exists (select from pg_stat_activity where pid = " + process + ")");
        }
        sessions.closing();

        try (Connection goodbye = sessions.open(database::connect)) {
            assertThat(goodbye.isValid(10)).isTrue();
        }
    }
}
