package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.event.ConfigurationException;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What other logins of a database can do to a migration, and what is said of it. */
@PostgresTest
@NotPooled("migrates, and is about locks of a session")
class MigrationLockTest {
    private static final int SECONDS = 2;

    /** What Flyway locks: a number of its own, and the hash of its table's name. */
    private static final long LOCK = 77431708279161L + "\"millrace\".\"schema_history\"".hashCode();

    private final TestDatabase database;

    MigrationLockTest(TestDatabase database) {
        this.database = database;
    }

    private static Schema schema(TestDatabase of) {
        return new Schema(new Database(of.newPool(2), "millrace", Duration.ofSeconds(30)), SECONDS);
    }

    @Test
    @DisplayName(
            "13.15 a migration whose lock somebody holds is given up with words that name the holder, and works later")
    void migrate_lockIsHeldByALogin_isRefusedWithItsProcess() throws SQLException {
        TestDatabase fresh = database.empty();
        try (Connection connection = fresh.connectDirectly();
                Statement statement = connection.createStatement()) {
            statement.execute("set application_name = 'rude'");
            statement.execute("select pg_advisory_lock(" + LOCK + ")");
            int pid = connection.unwrap(org.postgresql.PGConnection.class).getBackendPID();

            assertThatExceptionOfType(ConfigurationException.class)
                    .isThrownBy(() -> schema(fresh).migrate())
                    .withMessageContaining(
                            "schema 'millrace' was not migrated: another session held the advisory lock of"
                                    + " migrations for 2 s, now held by: pid " + pid + " (user ")
                    .withMessageContaining("application 'rude')")
                    .withMessageContaining("pg_terminate_backend(pid)");
        }
        schema(fresh).migrate();
        schema(fresh).validate();
    }

    @Test
    @DisplayName("13.15 a role that may create objects in the schema and is not its owner is warned of when connecting")
    void validate_strangerMayCreate_warns() {
        TestDatabase other = database.another();
        Logger logger = (Logger) LoggerFactory.getLogger(Schema.class);
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        logged.start();
        logger.addAppender(logged);
        try {
            schema(other).validate();
            assertThat(warnings(logged)).isEmpty();

            other.execute("grant create on schema millrace to public");
            other.execute("grant create on schema millrace to millrace_append");
            schema(other).validate();
        } finally {
            logger.detachAppender(logged);
        }
        assertThat(warnings(logged))
                .singleElement()
                .asString()
                .startsWith(
                        "schema=millrace roles=[millrace_append, public] may create objects in it and are not its owner")
                .endsWith("revoke create on schema millrace from millrace_append, public");
    }

    private static List<String> warnings(ListAppender<ILoggingEvent> logged) {
        return logged.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
