package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** What the triggers count of a statement: with rows of one flow or status, of several, or none, whatever names mean to its session. */
@NotPooled("sets the search_path of a session, and listens")
@PostgresTest
class CountTriggersTest {
    private static final String ADDED = "select flow || ' ' || status || ' ' || sum(n) from status_delta"
            + " group by flow, status having sum(n) <> 0 order by flow, status";

    private final TestDatabase database;

    CountTriggersTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    private static String ready(String flows) {
        return "insert into millrace.ready (id, priority, lane, flow) select gen_random_uuid(), 0, 1, f from unnest(array["
                + flows + "]::integer[]) f";
    }

    private static String running(String flows) {
        return "insert into millrace.running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)"
                + " select gen_random_uuid(), gen_random_uuid(), now(), 0, 1, 1, f, 1, 0, 0, 0 from unnest(array["
                + flows
                + "]::integer[]) f";
    }

    private static String outcome(String flows, String statuses) {
        return "insert into millrace.outcome (id, flow, attempt, status) select gen_random_uuid(), f, 1, s from unnest(array["
                + flows + "]::integer[], array[" + statuses + "]::smallint[]) as o (f, s)";
    }

    private List<String> counted() {
        return database.list(String.class, ADDED);
    }

    @Test
    void statement_withRowsOfOneFlow_isOneDelta() {
        database.execute(ready("7, 7, 7"));
        database.execute(running("7, 7"));
        database.execute(outcome("7, 7", "3, 3"));

        assertThat(counted()).containsExactly("7 0 3", "7 1 2", "7 3 2");
        assertThat(database.longValue("select count(*) from status_delta")).isEqualTo(3);

        database.execute("delete from running");

        assertThat(counted()).containsExactly("7 0 3", "7 3 2");
        assertThat(database.longValue("select count(*) from status_delta")).isEqualTo(4);
    }

    @Test
    void statement_withRowsOfSeveralFlowsAndStatuses_isCountedForEach() {
        database.execute(ready("7, 8, 7, 9"));
        database.execute(running("8, 7, 8"));
        database.execute(outcome("7, 8, 7, 7", "2, 2, 3, 2"));

        assertThat(counted()).containsExactly("7 0 2", "7 1 1", "7 2 2", "7 3 1", "8 0 1", "8 1 2", "8 2 1", "9 0 1");

        database.execute("delete from ready where flow <> 9");
        database.execute("delete from running");

        assertThat(counted()).containsExactly("7 2 2", "7 3 1", "8 2 1", "9 0 1");
    }

    @Test
    void statement_withoutRows_countsNothing() {
        database.execute(ready(""));
        database.execute(running(""));
        database.execute(outcome("", ""));
        database.execute("delete from ready");
        database.execute("delete from running");

        assertThat(database.longValue("select count(*) from status_delta")).isZero();
    }

    /** The triggers set no search_path, so nothing in them may depend on one: these functions, operators, and tables count wrong. */
    @ParameterizedTest
    @ValueSource(strings = {"7, 7", "7, 8"})
    void namesakes_aheadOfTheRealOnes_areNotUsed(String flows) throws SQLException {
        TestDatabase other = database.another();
        try (Connection client = other.connect();
                Connection ear = other.connect();
                Statement statement = client.createStatement();
                Statement listening = ear.createStatement()) {
            listening.execute("listen millrace");
            statement.execute("""
                    create schema evil;
                    create function evil.wrong(integer, integer) returns boolean language sql as 'select $1 operator(pg_catalog.<>) $2';
                    create operator evil.= (leftarg = integer, rightarg = integer, function = evil.wrong);
                    create function evil.wrong(smallint, smallint) returns boolean language sql as 'select $1 operator(pg_catalog.<>) $2';
                    create operator evil.= (leftarg = smallint, rightarg = smallint, function = evil.wrong);
                    create function evil.keep(bigint) returns bigint language sql as 'select $1';
                    create operator evil.- (rightarg = bigint, function = evil.keep);
                    create aggregate evil.count(*) (sfunc = int8inc, stype = bigint, initcond = '1000');
                    create aggregate evil.min(integer) (sfunc = int4larger, stype = integer);
                    create aggregate evil.max(integer) (sfunc = int4smaller, stype = integer);
                    create function evil.pg_notify(text, text) returns void language sql as 'select';
                    create domain evil.int2 as integer check (value < 0);
                    create domain evil.text as varchar check (value = '');
                    create table evil.status_delta (flow integer, status smallint, n bigint);
                    create table evil.sleeper (flow integer);
                    insert into millrace.worker (id, host, pid, version, expires_at) values (gen_random_uuid(), 'h', 1, '1', now() + interval '1 hour');
                    insert into millrace.sleeper (flow, worker) select 7, id from millrace.worker;
                    set search_path = evil, pg_catalog""");
            statement.execute(ready(flows));
            statement.execute(running(flows));
            statement.execute(outcome(flows, "2, 2"));
            statement.execute("delete from millrace.running");
            assertThat(ear.unwrap(PGConnection.class).getNotifications(10_000))
                    .extracting(PGNotification::getParameter)
                    .containsExactly("7");
        }
        assertThat(other.longValue("select count(*) from evil.status_delta")).isZero();
        assertThat(other.list(String.class, ADDED))
                .isEqualTo(
                        flows.equals("7, 7") ? List.of("7 0 2", "7 2 2") : List.of("7 0 1", "7 2 1", "8 0 1", "8 2 1"));
    }
}
