package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;

/**
 * A bit of everything that a client does by SQL, with exact expectations: for whatever must not matter to it, such as its session's
 * settings. Statements are said as text, as psql and scripts say them. Needs an empty schema, and makes one worker's answer.
 */
final class SqlScenario {
    private static final String LONG_AGO = "2001-02-03T04:05:06.123456Z";

    private final Connection client;
    private final String begin;

    /**
     * @param client in autocommit mode and with simple queries
     * @param begin begins a transaction, and may set something in it
     */
    SqlScenario(Connection client, String begin) {
        this.client = client;
        this.begin = begin;
    }

    /** All of it; the flow's events are run by others meanwhile. */
    void play() throws SQLException {
        append();
        appendMany();
        steer();
        runAndAwait();
    }

    private void append() throws SQLException {
        String id =
                said("select millrace.append('by sql', 'task', $${\"name\": \"a\\\\b'c\"}$$, priority => 1234567.0625,"
                        + " deadline => '9000-12-31T23:59:58.123456Z', run_at => '8999-01-02T03:04:05.5Z', timeout => 1.5,"
                        + " metadata => '{\"seen\": \"" + LONG_AGO + "\"}', unique_key => 'k''1')");
        assertThat(said("select concat_ws(' | ', e ->> 'payload', e ->> 'priority', e ->> 'deadline', e ->> 'timeout',"
                        + " e ->> 'metadata', millrace.status('" + id + "')) from millrace.event('" + id + "') e"))
                .startsWith("{\"name\": \"a\\\\b'c\"} | 1234567.0625 | 9000-12-31T23:59:58.123456Z | 1.5 | ")
                .endsWith(" | pending");
        assertThat(said("select (run_at = '8999-01-02T03:04:05.5Z')::text from millrace.scheduled where id = '" + id
                        + "'"))
                .isEqualTo("true");
        assertThat(said("select e ->> 'created_at' from millrace.event('" + id + "') e"))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z");
        assertThat(said("select millrace.append('by sql', 'task', '{\"name\": \"again\"}', unique_key => 'k''1')"))
                .isEqualTo(id);
        assertThat(said("select millrace.cancel('" + id + "', 'not wanted')")).isEqualTo("t");
        assertThat(said("select millrace.event('" + id + "') #>> '{execution,error,message}'"))
                .isEqualTo("not wanted");
    }

    private void appendMany() throws SQLException {
        assertThat(said(
                        "select count(*) from millrace.append_many('[{\"payload\": {\"name\": \"1\"}, \"priority\": 0.1,"
                                + " \"run_at\": \"9000-05-06T07:08:09Z\"}, {\"payload\": {\"name\": \"2\"}, \"run_at\":"
                                + " \"9000-05-06T07:08:09.5+05:45\"}]', 'by sql', 'task')"))
                .isEqualTo("2");
        assertThat(
                        said(
                                "select string_agg((run_at at time zone 'UTC')::time::text, ' ' order by run_at) from millrace.scheduled"))
                .isEqualTo("01:23:09.5 07:08:09");
        assertThatThrownBy(() -> said("select millrace.append('by sql', 'task', '1', priority => 'nan')"))
                .hasMessageContaining("Priority must be finite");
    }

    private void steer() throws SQLException {
        String id = said(
                "insert into millrace.enqueue (flow, type, payload, run_at) values ('by sql', 'task', '{\"name\": \"x\"}',"
                        + " '9000-01-01T00:00:00Z') returning id");
        said("select millrace.reprioritize('" + id + "', 0.5)::text");
        said("select millrace.pause_flow('by sql', 'a while')::text");
        said("select millrace.resume_flow('by sql')::text");
        assertThat(said("select millrace.skip('" + id + "', 'why')")).isEqualTo("t");
        String fresh = said("select millrace.retry('" + id + "')");
        assertThat(said("select millrace.event('" + fresh + "') #>> '{metadata,original,id}'"))
                .isEqualTo(id);
    }

    private void runAndAwait() throws SQLException {
        UUID id = UUID.fromString(
                said("select millrace.append('by sql', 'task', '{\"name\": \"run\"}', priority => -0.125)"));
        assertThat(said("set transaction isolation level read committed; select millrace.await('" + id + "', 30)"))
                .isEqualTo("completed");
        assertThat(said("select millrace.event('" + id + "') #>> '{execution,response}'"))
                .isEqualTo("run");
        assertThat(said(
                        "select string_agg(status || ' ' || n, ', ' order by status) from millrace.status_counts('by sql')"
                                + " where status in ('cancelled', 'skipped')"))
                .isEqualTo("cancelled 1, skipped 1");
    }

    /** What a transaction of that statement answers, as text. All is one message, so that the driver does not see the settings. */
    private String said(String sql) throws SQLException {
        try (Statement statement = client.createStatement()) {
            boolean rows = statement.execute(begin + "; " + sql + "; commit");
            while (!rows) {
                rows = statement.getMoreResults();
            }
            assertThat(statement.getResultSet().next()).as(sql).isTrue();
            return statement.getResultSet().getString(1);
        } catch (SQLException e) {
            try (Statement rollback = client.createStatement()) {
                rollback.execute("rollback");
            }
            throw e;
        }
    }
}
