package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.MillraceException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import org.jdbi.v3.core.JdbiException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SqlErrorsTest {
    private static final class Thrown extends JdbiException {
        private static final long serialVersionUID = 1L;

        Thrown(SQLException cause) {
            super("statement with secret-4711 in it", cause);
        }
    }

    private static Thrown thrown(String state) {
        return new Thrown(new SQLException("the server's words", state));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "08000", "08001", "08003", "08006", "08P01", "40001", "40P01", "40003", "53000", "53100", "53200",
                "53300", "57P01", "57P02", "57P03", "57P05", "57014", "55P03", "25006", "25P03", "25P04"
            })
    void isTransient_whatPasses_isTriedAgain(String state) {
        assertThat(SqlErrors.isTransient(thrown(state))).isTrue();
        assertThat(SqlErrors.translated(thrown(state))).isInstanceOf(ConnectionException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "08004", "28000", "28P01", "3D000", "3F000", "42501", "42601", "42703", "42P01", "42P05", "26000",
                "22P02", "22003", "23505", "23514", "23502", "54001", "25P02", "0A000", "XX000"
            })
    void isTransient_whatDoesNotPass_isNot(String state) {
        assertThat(SqlErrors.isTransient(thrown(state))).isFalse();
    }

    @Test
    void isTransient_poolWithoutConnections_isJudgedByTheDatabasesReason() {
        assertThat(SqlErrors.isTransient(new Thrown(new SQLTransientConnectionException("timed out", (String) null))))
                .isTrue();
        assertThat(SqlErrors.isTransient(new Thrown(new SQLTransientConnectionException("timed out", "28P01"))))
                .isFalse();
        assertThat(SqlErrors.isTransient(new IllegalStateException("no database in it")))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "42501, look at the role's rights",
        "42P01, look at the schema's version",
        "28P01, correct them in the pool or in the URL",
        "3D000, correct its name in the URL",
        "42P05, add prepareThreshold=0 to the JDBC URL",
        "26000, add prepareThreshold=0 to the JDBC URL"
    })
    void translated_wrongSetUp_saysWhatToDo(String state, String remedy) {
        assertThat(SqlErrors.translated(thrown(state)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("the server's words [" + state + "]")
                .hasMessageContaining(remedy);
    }

    @ParameterizedTest
    @ValueSource(strings = {"22P02", "23514", "23505", "42501", "08006", "XX000"})
    void translated_any_repeatsNeitherStatementNorValues(String state) {
        MillraceException translated = (MillraceException) SqlErrors.translated(thrown(state));

        for (Throwable cause = translated; cause != null; cause = cause.getCause()) {
            assertThat(cause.getMessage()).doesNotContain("secret-4711");
        }
        assertThat(SqlErrors.find(translated).orElseThrow().getSQLState()).isEqualTo(state);
    }

    @Test
    void translated_whatIsNotTheDatabases_staysAsItIs() {
        IllegalStateException other = new IllegalStateException("x");

        assertThat(SqlErrors.translated(other)).isSameAs(other);
    }

    @Test
    void unreachable_afterThePatience_saysHowLongAndWhyLast() {
        assertThat(SqlErrors.exhausted(thrown("08001"), Duration.ofSeconds(30)))
                .hasMessage(
                        "the database cannot be reached, tried for PT30S; last: the server's words [08001]; look whether the server"
                                + " runs, at the URL's host and port, and at the network between");
    }

    @ParameterizedTest
    @CsvSource({"08006, true", "57P01, true", "40001, false", "55P03, false", "57014, false", "23505, false"})
    void isUnanswered_onlyIfTheStatementMayHaveBeenDone(String state, boolean unanswered) {
        assertThat(SqlErrors.isUnanswered(thrown(state))).isEqualTo(unanswered);
    }
}
