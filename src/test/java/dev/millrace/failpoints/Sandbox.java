package dev.millrace.failpoints;

import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The database of one scenario at a time, past all faults: its two events, and the notes of who appended and ran what, which
 * the torture's audit keeps. Thread-safe.
 */
final class Sandbox implements AutoCloseable {
    static final Duration LEASE = Duration.ofSeconds(2);
    static final String FLOW = "failpoints";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

    private final String url;
    private final UUID subject;
    private final UUID neighbour;
    private final Hand hand;

    /** One in that database; opens a connection when it is needed. */
    Sandbox(TestDatabase database) {
        this(database.jdbcUrl(), UUID.randomUUID(), UUID.randomUUID(), new Hand(search(database.directUrl())));
    }

    /** One that was made in another process. */
    Sandbox(String url, UUID subject, UUID neighbour) {
        this(url, subject, neighbour, new Hand(search(url)));
    }

    private static String search(String url) {
        return url + "&currentSchema=millrace,public";
    }

    private Sandbox(String url, UUID subject, UUID neighbour, Hand hand) {
        this.url = url;
        this.subject = subject;
        this.neighbour = neighbour;
        this.hand = hand;
    }

    /** The same database, with two fresh ids. */
    Sandbox afresh() {
        return new Sandbox(url, UUID.randomUUID(), UUID.randomUUID(), hand);
    }

    String url() {
        return url;
    }

    /** The event that the fault is about. */
    UUID subject() {
        return subject;
    }

    /** Another event, which must not suffer. */
    UUID neighbour() {
        return neighbour;
    }

    /** Has the database note each move from now on, and makes room for the notes of the processes. */
    void audit() throws SQLException, IOException {
        execute(script("audit"));
        execute("create table torture.wrote (id uuid not null)");
    }

    private static String script(String name) throws IOException {
        try (InputStream file = Sandbox.class.getResourceAsStream("/dev/millrace/cli/torture/" + name + ".sql")) {
            if (file == null) {
                throw new IOException("no statement " + name);
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Empties all tables. */
    void empty() throws SQLException {
        execute("truncate "
                + String.join(
                        ", ",
                        rows("select format('%I.%I', schemaname, tablename) from pg_tables"
                                + " where schemaname in ('millrace', 'torture') and tablename <> 'schema_history'"))
                + " restart identity cascade");
    }

    /** What the torture's invariants find wrong. */
    List<String> violations(List<String> invariants, int maxCrashes) throws SQLException, IOException {
        execute("set torture.lease = '%d ms'; set torture.concurrency = 1; set torture.max_crashes = %d"
                .formatted(LEASE.toMillis(), maxCrashes));
        List<String> found = new ArrayList<>();
        for (String invariant : invariants) {
            rows(script(invariant)).forEach(violation -> found.add(invariant + ": " + violation));
        }
        return found;
    }

    /** Somebody is about to append them. */
    void tried(List<UUID> ids) throws SQLException {
        execute("insert into torture.append_line select 'T', id::uuid from string_to_table(?, ',') id", list(ids));
    }

    /** Somebody was told that they are appended. */
    void acknowledged(Collection<UUID> ids) throws SQLException {
        execute("insert into torture.append_line select 'A', id::uuid from string_to_table(?, ',') id", list(ids));
    }

    private static String list(Collection<UUID> ids) {
        return ids.stream().map(UUID::toString).collect(Collectors.joining(","));
    }

    /** A handler begins. */
    void started(UUID id, int attempt) throws SQLException {
        execute("insert into torture.run_line values ('S', ?, ?, ?, '')", id, attempt, System.nanoTime());
    }

    /** A handler ends as it should. */
    void ended(UUID id, int attempt) throws SQLException {
        execute("insert into torture.run_line values ('E', ?, ?, ?, 'done')", id, attempt, System.nanoTime());
    }

    /** A process was told that an answer came too late. */
    void late(UUID id, int attempt) throws SQLException {
        execute("insert into torture.run_line values ('L', ?, ?, ?, '')", id, attempt, System.nanoTime());
    }

    /** The subject gets a death. */
    void makeSuspect() throws SQLException {
        execute("update ready set deaths = 1, lane = -lane where id = ?", subject);
    }

    /** A worker that will not renew holds the subject. */
    void leaveToCorpse() throws SQLException {
        UUID corpse = UUID.randomUUID();
        execute(
                "insert into worker (id, host, pid, version, expires_at)"
                        + " values (?, 'corpse', 0, 'test', clock_timestamp() + make_interval(secs => ?))",
                corpse,
                LEASE.toMillis() / 1e3);
        execute("""
                with taken as (delete from ready where id = ? returning *)
                insert into running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)
                select id, ?, clock_timestamp(), priority, position, lane, flow, attempt + 1, failures, denials, deaths
                from taken
                """, subject, corpse);
    }

    /** A process loses its registration. */
    void forgetWorkers() throws SQLException {
        execute("delete from worker");
    }

    /** Those who work on the flow hear that there may be something. */
    void tellToLook() throws SQLException {
        rows("select pg_notify('millrace', id::text) from flow where name = '" + FLOW + "'");
    }

    /** What became of an event: see {@link Failpoint}. */
    String outcome(UUID id) throws SQLException {
        return text("""
                select case when exists (select from event where id = $1) then
                    coalesce((
                        select string_agg(reason || case when late_at is null then '' else ' (late)' end, ', ' order by attempt) || ', '
                        from attempt where event = $1), '')
                    || coalesce((select nullif(status || ', ', 'completed, ') from event_status where id = $1), '')
                    || (select count(*) || case when count(*) = 1 then ' run' else ' runs' end
                        from torture.run_line where id = $1 and said = 'S')
                else 'not stored' end
                """.replace("$1", "'" + id + "'"));
    }

    /** How often an event's handler has written in a transaction that was committed. */
    String effects(UUID id) throws SQLException {
        return text("select count(*) from torture.wrote where id = '" + id + "'");
    }

    private String text(String query) throws SQLException {
        return rows(query).getFirst();
    }

    /** Waits until a query answers true. */
    void await(String query) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        CountDownLatch never = new CountDownLatch(1);
        while (!text(query).equals("t")) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("did not come true within " + PATIENCE + ": " + query);
            }
            boolean unused = never.await(BETWEEN_LOOKS.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private List<String> rows(String query) throws SQLException {
        return hand.does(connection -> {
            List<String> rows = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery(query)) {
                while (result.next()) {
                    rows.add(result.getString(1));
                }
            }
            return rows;
        });
    }

    private void execute(String sql, Object... values) throws SQLException {
        boolean unused = hand.does(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int i = 0; i < values.length; i++) {
                    statement.setObject(i + 1, values[i]);
                }
                return statement.execute();
            }
        });
    }

    @Override
    public void close() throws SQLException {
        hand.close();
    }
}
