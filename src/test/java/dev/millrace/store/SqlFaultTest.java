package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.CallInterruptedException;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.MillraceException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each cause has its own words, whatever shows it: the table row by row. */
class SqlFaultTest {
    /**
     * A row of the table, as a user meets it.
     *
     * @param words of what happened and of what to do
     */
    record Row(SQLException error, SqlFault fault, Class<? extends MillraceException> type, List<String> words) {}

    private static SQLException code(String state) {
        return new SQLException("the server's words", state);
    }

    private static SQLException because(String state, Exception cause) {
        return new SQLException("the driver's words", state, cause);
    }

    private static Row again(SQLException error, SqlFault fault, String... words) {
        return new Row(error, fault, ConnectionException.class, List.of(words));
    }

    private static Row setUp(SQLException error, SqlFault fault, String... words) {
        return new Row(error, fault, ConfigurationException.class, List.of(words));
    }

    private static Row refused(SQLException error, SqlFault fault, String... words) {
        return new Row(error, fault, MillraceException.class, List.of(words));
    }

    private static Stream<Row> ofPoolsAndNetworks() {
        String hikari = "p - Connection is not available, request timed out after 1001ms ";
        return Stream.of(
                again(
                        new SQLTransientConnectionException(hikari + "(total=2, active=2, idle=0, waiting=0)"),
                        SqlFault.POOL_EXHAUSTED,
                        "no connection of the pool came free in time, all are in use",
                        "give connections back sooner",
                        "maximumPoolSize"),
                again(
                        new SQLTransientConnectionException(
                                hikari + "(total=2, active=2, idle=0, waiting=0)", "53300", code("53300")),
                        SqlFault.TOO_MANY_CONNECTIONS,
                        "the server has no connection left",
                        "max_connections"),
                again(
                        new SQLTransientConnectionException(hikari + "(total=0, active=0, idle=0, waiting=0)"),
                        SqlFault.NO_CONNECTION_IN_TIME,
                        "no connection to the database could be made in time",
                        "the network between"),
                again(
                        new SQLTransientConnectionException("no connection within PT5S"),
                        SqlFault.NO_CONNECTION_IN_TIME,
                        "no connection to the database could be made in time"),
                again(
                        new SQLException("Cannot get a connection, pool error Timeout waiting for idle object"),
                        SqlFault.POOL_EXHAUSTED,
                        "all are in use"),
                again(
                        new SQLException("[main] Timeout: Pool empty. Unable to fetch a connection in 30 seconds"),
                        SqlFault.POOL_EXHAUSTED,
                        "all are in use"),
                refused(
                        new SQLException("HikariDataSource HikariDataSource (p) has been closed."),
                        SqlFault.POOL_CLOSED,
                        "the pool of connections is closed",
                        "close Millrace before its pool"),
                refused(
                        new SQLNonTransientConnectionException("the pool of connections is closed"),
                        SqlFault.POOL_CLOSED,
                        "close Millrace before its pool"),
                again(
                        because("08001", new UnknownHostException("nowhere")),
                        SqlFault.HOST_UNKNOWN,
                        "the database's host is not known",
                        "name service"),
                again(
                        because("08001", new ConnectException("Connection refused")),
                        SqlFault.CONNECTION_REFUSED,
                        "the database refuses connections, nobody listens there",
                        "look whether the server runs"),
                again(code("08001"), SqlFault.UNREACHABLE, "the database cannot be reached", "the URL's host and port"),
                again(
                        because("08006", new SocketTimeoutException("Read timed out")),
                        SqlFault.NO_ANSWER,
                        "the database did not answer in time",
                        "who holds locks"),
                again(
                        code(Primary.REPLACED),
                        SqlFault.PRIMARY_REPLACED,
                        "a primary that another one has replaced",
                        "stop the old primary"),
                again(
                        code(Sessions.ALL_HELD),
                        SqlFault.SESSIONS_HELD,
                        "still at work on as many statements as this process may have given up",
                        "whether a synchronous standby is away"),
                again(
                        code("08006"),
                        SqlFault.CONNECTION_LOST,
                        "the connection to the database was lost",
                        "server's log"),
                again(code("08003"), SqlFault.CONNECTION_LOST, "the connection to the database was lost"),
                again(code("08P01"), SqlFault.CONNECTION_LOST, "the connection to the database was lost"));
    }

    private static Stream<Row> ofSettingUp() {
        return Stream.of(
                setUp(code("08004"), SqlFault.LOGIN_REJECTED, "the server rejects the login", "pg_hba.conf"),
                setUp(code("28000"), SqlFault.LOGIN_REJECTED, "the server rejects the login", "pg_hba.conf"),
                setUp(code("28P01"), SqlFault.PASSWORD_WRONG, "does not accept role and password", "correct them"),
                setUp(
                        code("3D000"),
                        SqlFault.NO_DATABASE,
                        "the database does not exist",
                        "correct its name in the URL"),
                setUp(code("57P04"), SqlFault.NO_DATABASE, "or not any more"),
                setUp(code("42501"), SqlFault.NO_RIGHT, "a right is missing", "millrace_work"),
                setUp(code("42P01"), SqlFault.OTHER_SCHEMA, "the schema lacks what this Millrace needs", "migrate"),
                setUp(code("42703"), SqlFault.OTHER_SCHEMA, "the schema lacks what this Millrace needs"),
                setUp(code("42704"), SqlFault.OTHER_SCHEMA, "the schema lacks what this Millrace needs"),
                setUp(code("42883"), SqlFault.OTHER_SCHEMA, "the schema lacks what this Millrace needs"),
                setUp(code("3F000"), SqlFault.OTHER_SCHEMA, "the schema lacks what this Millrace needs"),
                setUp(code("42P05"), SqlFault.SESSIONS_MIXED, "met another session's", "prepareThreshold=0"),
                setUp(code("26000"), SqlFault.SESSIONS_MIXED, "met another session's", "PgBouncer"),
                setUp(
                        code("42601"),
                        SqlFault.STATEMENT_NOT_UNDERSTOOD,
                        "does not understand",
                        "PostgreSQL 14 or newer"));
    }

    private static Stream<Row> ofTheServer() {
        return Stream.of(
                again(code("53300"), SqlFault.TOO_MANY_CONNECTIONS, "no connection left", "make the pools smaller"),
                again(code("53100"), SqlFault.DISK_FULL, "the server's disk is full", "free space"),
                again(code("53200"), SqlFault.SERVER_OUT_OF_MEMORY, "the server is out of memory", "work_mem"),
                again(code("53400"), SqlFault.SHORT_OF_RESOURCES, "the server is short of a resource"),
                again(code("57P01"), SqlFault.SHUTTING_DOWN, "the server shuts down, or an administrator"),
                again(code("57P02"), SqlFault.SERVER_CRASHED, "another session of the server crashed"),
                again(code("57P03"), SqlFault.STARTING_UP, "the server starts up or recovers", "wait"),
                again(code("57P05"), SqlFault.IDLE_SESSION_ENDED, "a session that was idle", "idle_session_timeout"),
                again(code("57014"), SqlFault.CANCELED, "the server canceled the statement", "statement_timeout"),
                again(code("55P03"), SqlFault.LOCK_NOT_HAD, "a lock was not had in time", "lock_timeout"),
                again(code("25006"), SqlFault.READ_ONLY, "only reads", "targetServerType=primary"),
                again(code("58030"), SqlFault.SYSTEM_FAILED, "the server's own system failed", "disks"),
                refused(code("XX000"), SqlFault.SERVER_BROKEN, "an error of its own", "its log"),
                refused(code("XX001"), SqlFault.SERVER_BROKEN, "may be damaged"));
    }

    private static Stream<Row> ofTransactionsAndStatements() {
        return Stream.of(
                again(
                        code("25P03"),
                        SqlFault.IDLE_TRANSACTION_ENDED,
                        "a transaction that stood idle",
                        "idle_in_transaction_session_timeout"),
                again(code("25P04"), SqlFault.TRANSACTION_TOO_LONG, "took too long", "transaction_timeout"),
                refused(code("25P02"), SqlFault.TRANSACTION_FAILED, "an earlier statement", "the first error"),
                again(code("40P01"), SqlFault.DEADLOCK, "ended a deadlock", "in the same order"),
                again(code("40001"), SqlFault.SERIALIZATION, "met what another wrote", "ready to be repeated"),
                again(code("40003"), SqlFault.ROLLED_BACK, "rolled the transaction back"),
                refused(code("22P02"), SqlFault.DATA_REFUSED, "the database refused the data"),
                refused(code("23514"), SqlFault.DATA_REFUSED, "the constraint that is named"),
                refused(code("54000"), SqlFault.DATA_REFUSED, "the database refused the data"),
                refused(
                        code("0A000"),
                        SqlFault.NOT_SUPPORTED,
                        "does not support a statement",
                        "was migrated meanwhile"),
                refused(code("P0001"), SqlFault.RAISED, "a function or trigger in the database refused it"),
                refused(new SQLException("odd"), SqlFault.SOURCE_FAILED, "the data source or the driver failed"),
                refused(code("99999"), SqlFault.UNKNOWN, "the database refused a statement"));
    }

    static List<Row> rows() {
        return Stream.of(ofPoolsAndNetworks(), ofSettingUp(), ofTheServer(), ofTransactionsAndStatements())
                .flatMap(rows -> rows)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("rows")
    @DisplayName("12.8 each cause has its own words and says what to do")
    void translated_eachRow_saysWhatHappenedAndWhatToDo(Row row) {
        assertThat(SqlErrors.translated(new StatementFailed(row.error())))
                .isExactlyInstanceOf(row.type())
                .hasMessageStartingWith(row.fault().what())
                .hasMessageContaining(row.fault().remedy())
                .satisfies(told -> assertThat(told.getMessage()).contains(row.words()))
                .satisfies(told -> assertThat(((MillraceException) told).retryable())
                        .isEqualTo(row.type() != ConfigurationException.class));
    }

    @Test
    @DisplayName("12.8 no row of the table is without a test, and no two rows say the same")
    void rows_all_areTriedAndDiffer() {
        assertThat(rows()).extracting(Row::fault).containsAll(Arrays.asList(SqlFault.values()));
        assertThat(SqlFault.values()).extracting(SqlFault::what).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.8 the page on connections has each row")
    void documents_eachRow_haveItsWords(SqlFault fault) throws IOException {
        assertThat(Path.of("docs/connections.md"))
                .content()
                .containsPattern("\n\\| " + Pattern.quote(fault.what()) + " \\|.*\\| "
                        + fault.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ') + " \\|");
    }

    @ParameterizedTest
    @MethodSource("rows")
    @DisplayName("12.8 in the caller's own transaction what passes must be repeated by the caller")
    void inCallersTransaction_whatPasses_saysToRepeatTheTransaction(Row row) {
        RuntimeException told = SqlErrors.inCallersTransaction(new StatementFailed(row.error()));

        assertThat(told).isExactlyInstanceOf(row.type());
        assertThat(told.getMessage().contains("roll back and repeat the transaction as a whole"))
                .isEqualTo(row.type() == ConnectionException.class);
    }

    @Test
    @DisplayName("12.8 12.24 a wait for the pool that the thread's interrupt ended names the interrupt")
    void translated_interruptedWaitForAConnection_namesTheInterrupt() {
        RuntimeException told = SqlErrors.translated(new NoConnection(new SQLException(
                "p - Interrupted during connection acquisition", new InterruptedException("in the pool"))));

        assertThat(told)
                .isInstanceOf(CallInterruptedException.class)
                .hasMessageContaining(
                        "interrupted while waiting for the database; nothing was sent, nothing was stored");
        assertThat(((CallInterruptedException) told).mayBeStored()).isFalse();
    }
}
