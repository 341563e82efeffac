package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the three roles may do, and nobody else. */
@NotPooled("its clients become a role for as long as their session lasts")
class RolesTest extends WithSql {
    private static final String NOT_ALLOWED = "42501";

    RolesTest(TestDatabase database) {
        super(database);
    }

    @Test
    void privileges_ofEachRoleOnEachRelation_areTheLeast() {
        List<String> matrix = database.list(String.class, """
                select concat_ws(' ', c.relname, string_agg(coalesce(p.letters, '-'), ' ' order by p.role))
                from pg_class c
                cross join lateral (
                    select role, (
                        select string_agg(letter, '' order by n)
                        from (values (1, 'r', 'select'), (2, 'a', 'insert'), (3, 'w', 'update'), (4, 'd', 'delete'),
                            (5, 'D', 'truncate'), (6, 'x', 'references'), (7, 't', 'trigger')) v (n, letter, privilege)
                        where has_table_privilege(role, c.oid, privilege)
                    ) as letters
                    from unnest(array['millrace_append', 'millrace_read', 'millrace_work']) role
                ) p
                where relnamespace = 'millrace'::regnamespace and relkind in ('r', 'v', 'p', 'm', 'f')
                group by c.relname
                order by c.relname
                """);

        assertThat(matrix)
                .containsExactly(
                        "attempt - r rawd",
                        "chunk - r rad",
                        "enqueue ra - ra",
                        "event - r rad",
                        "event_option - r rad",
                        "event_status - r r",
                        "expiry - r rawd",
                        "flow - r raw",
                        "flow_status - r r",
                        "flow_turn - r r", // take_turn writes as the owner
                        "lane - r ra",
                        "outcome - r rad", // beside the id's update, which is for locking
                        "progress - r rawd",
                        "progression - r rawd",
                        "progression_event - r rawd",
                        "progression_member - r r",
                        "ready - r rawd",
                        "retried - r rawd",
                        "running - r rawd",
                        "scheduled - r rawd",
                        "schema_history - r r",
                        "setting - r r",
                        "sleeper - r rawd",
                        "status_count - r rawd",
                        "status_delta - r rawd",
                        "type_status - r r",
                        "unique_key - r rawd",
                        "unique_key_state - r r",
                        "worker - - rawd", // read but for the channel, column by column
                        "worker_status - r r");
    }

    @Test
    void privileges_onFunctionsSequencesAndTheSchema_areTheLeast() {
        String may = "select proname::text from pg_proc where pronamespace = 'millrace'::regnamespace"
                + " and has_function_privilege(?, oid, 'execute') order by 1";
        assertThat(database.list(String.class, may, "millrace_append"))
                .containsExactly("append", "append_many", "oldest_library", "open_flow", "schema_version");
        assertThat(database.list(String.class, may, "millrace_read"))
                .containsExactly(
                        "attempts",
                        "await",
                        "check_given",
                        "check_size",
                        "due_in",
                        "ended_codes",
                        "ended_result",
                        "event",
                        "failed",
                        "failed_count",
                        "flow_id",
                        "flows_of",
                        "inspect_state",
                        "is_alive",
                        "is_plain",
                        "iso_instant",
                        "json_time",
                        "latest_members",
                        "members",
                        "oldest_library",
                        "pending_counts",
                        "quoted",
                        "refuse",
                        "seconds_text",
                        "status",
                        "status_counts",
                        "status_name");
        assertThat(database.list(
                        String.class,
                        "select proname::text from pg_proc where pronamespace = 'millrace'::regnamespace"
                                + " and not has_function_privilege('millrace_work', oid, 'execute')"))
                .containsExactlyInAnyOrder(
                        "drop_flow",
                        "grant_roles",
                        "limit_flows",
                        "limit_types",
                        "recount",
                        "recount_flow",
                        "set_payload_cap",
                        "settle_strays");
        assertThat(database.query("""
                        select role, count(*) filter (where has_sequence_privilege(role, c.oid, 'usage')) > 0,
                            bool_or(has_sequence_privilege(role, c.oid, 'update')), has_schema_privilege(role, 'millrace', 'usage'),
                            has_schema_privilege(role, 'millrace', 'create')
                        from unnest(array['millrace_append', 'millrace_read', 'millrace_work']) role
                        cross join pg_class c
                        where c.relkind = 'S' and c.relnamespace = 'millrace'::regnamespace
                        group by role
                        order by role
                        """))
                .containsExactly(
                        List.of("millrace_append", false, false, true, false),
                        List.of("millrace_read", false, false, true, false),
                        List.of("millrace_work", true, false, true, false));
        assertThat(database.longValue("select count(*) from pg_roles where rolname like 'millrace\\_%' and rolname in"
                        + " ('millrace_append', 'millrace_read', 'millrace_work') and not rolcanlogin and not rolsuper"
                        + " and not rolcreaterole and not rolcreatedb and not rolbypassrls"))
                .isEqualTo(3);
    }

    @Test
    void publicRole_hasNothing_andDefinersArePinned() {
        assertThat(database.list(String.class, """
                        select 'function ' || p.oid::regprocedure
                        from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                        where p.pronamespace = 'millrace'::regnamespace and a.grantee = 0
                        union all
                        select 'relation ' || c.oid::regclass
                        from pg_class c cross join aclexplode(c.relacl) a
                        where c.relnamespace = 'millrace'::regnamespace and a.grantee = 0
                        union all
                        select 'schema'
                        from pg_namespace n cross join aclexplode(n.nspacl) a
                        where n.nspname = 'millrace' and a.grantee = 0
                        """)).isEmpty();
        assertThat(database.query("""
                        select proname::text, array_to_string(proconfig, '; ') from pg_proc
                        where pronamespace = 'millrace'::regnamespace and prosecdef order by 1
                        """))
                .containsExactly(
                        List.of("append", "search_path=millrace, pg_temp"),
                        List.of("append_many", "search_path=millrace, pg_temp"),
                        List.of("enqueue_row", "search_path=millrace, pg_temp"),
                        List.of("open_flow", "search_path=millrace, pg_temp"),
                        List.of("schema_version", "search_path=millrace, pg_temp"),
                        List.of("take_turn", "search_path=millrace, pg_temp"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select * from millrace.event",
                "select * from millrace.event_status",
                "select * from millrace.flow",
                "select * from millrace.unique_key",
                "select * from millrace.outcome",
                "select * from millrace.schema_history",
                "insert into millrace.event (id, flow, type, payload, priority) values (gen_random_uuid(), 1, 't', '1', 1)",
                "insert into millrace.ready (id, flow, lane, priority) values (gen_random_uuid(), 1, 1, 1)",
                "insert into millrace.scheduled (id, flow, lane, priority) values (gen_random_uuid(), 1, 1, 1)",
                "insert into millrace.outcome (id, flow, attempt, status) values (gen_random_uuid(), 1, 1, 2)",
                "insert into millrace.flow (name) values ('x')",
                "insert into millrace.lane (flow, type) values (1, 'x')",
                "insert into millrace.status_delta values (1, 1, 1)",
                "insert into millrace.worker (id) values (gen_random_uuid())",
                "update millrace.event set payload = '2'",
                "update millrace.flow set paused_at = now()",
                "update millrace.outcome set status = 2",
                "delete from millrace.event",
                "delete from millrace.ready",
                "delete from millrace.unique_key",
                "truncate millrace.event",
                "select millrace.cancel(gen_random_uuid(), 'x')",
                "select millrace.skip(gen_random_uuid(), 'x')",
                "select millrace.retry(gen_random_uuid())",
                "select millrace.reprioritize(gen_random_uuid(), 1)",
                "select millrace.pause_flow('f')",
                "select millrace.event(gen_random_uuid())",
                "select millrace.take_keys(1, '{}', '{}', '{}', '{}', '{}', now(), false, 1)",
                "select millrace.append_rows(1, false, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
                "select millrace.grant_roles()",
                "select millrace.uuid_v7()",
                "select nextval('millrace.ready_position_seq')",
                "create table millrace.mine (id int)",
                "create function millrace.mine() returns int language sql return 1",
                "create trigger mine before insert on millrace.event execute function millrace.expiry_added()",
                "alter table millrace.event disable trigger all",
                "drop table millrace.event",
                "comment on table millrace.event is 'mine'",
                "copy millrace.event to stdout"
            })
    void appendRole_forbiddenAct_isRefused(String act) throws SQLException {
        try (Connection connection = as("millrace_append")) {
            assertThat(state(connection, act)).isEqualTo(NOT_ALLOWED);
        }
    }

    private Connection as(String role) throws SQLException {
        Connection connection = database.connect();
        try (Statement statement = connection.createStatement()) {
            statement.execute("set role " + role);
        }
        return connection;
    }

    private static String state(Connection connection, String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return "done";
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    @Test
    void appendRole_withTrapsInItsTemporarySchema_runsNothingAsTheOwner() throws SQLException {
        try (Connection connection = as("millrace_append");
                Statement statement = connection.createStatement()) {
            statement.execute("create temp table trap (who text)");
            statement.execute("create function pg_temp.spring() returns trigger language plpgsql as"
                    + " 'begin insert into pg_temp.trap values (current_user); return new; end'");
            for (String table : List.of(
                    "flow",
                    "lane",
                    "event",
                    "ready",
                    "scheduled",
                    "unique_key",
                    "enqueue",
                    "sleeper",
                    "schema_history")) {
                statement.execute("create temp table %s (like millrace.enqueue)".formatted(table));
                statement.execute(
                        "create trigger spring before insert on pg_temp.%s for each row execute function pg_temp.spring()"
                                .formatted(table));
            }
            statement.execute(
                    "create function pg_temp.check_event(text, jsonb, jsonb, float8, float8, timestamptz, timestamptz)"
                            + " returns void language sql as 'insert into pg_temp.trap values (current_user)'");
            statement.execute("create function pg_temp.less(timestamptz, timestamptz) returns boolean language sql as"
                    + " 'insert into pg_temp.trap values (current_user); select true'");
            statement.execute(
                    "create operator pg_temp.> (leftarg = timestamptz, rightarg = timestamptz, function = pg_temp.less)");
            statement.execute("set search_path = pg_temp, millrace, pg_catalog");

            assertThat(state(connection, "select millrace.append('f', 't', '1', run_at => now(), unique_key => 'k')"))
                    .isEqualTo("done");
            assertThat(state(connection, "select millrace.append_many('[{\"payload\":1}]', 'f', 't')"))
                    .isEqualTo("done");
            assertThat(state(
                            connection,
                            "insert into millrace.enqueue (flow, type, payload) values ('f', 't', '1') returning id"))
                    .isEqualTo("done");
            assertThat(state(connection, "select millrace.open_flow('opened'), millrace.schema_version()"))
                    .isEqualTo("done");
            try (var trapped = statement.executeQuery("select count(*) from pg_temp.trap")) {
                trapped.next();
                assertThat(trapped.getInt(1)).isZero();
            }
        }
        assertThat(database.longValue("select count(*) from ready")).isEqualTo(3);
    }

    @Test
    void workRole_doesAllThatTheLibraryDoes() throws Exception {
        Millrace worker = opened(Millrace.connect(
                database.newPool(6, settings -> settings.setConnectionInitSql("set role millrace_work"))));
        Executor<Task> tasks = tasks(worker)
                .maxQueueSize(100)
                .retry(RetryPolicy.fixed(Duration.ofMillis(1), 2))
                .handler((task, run) -> {
                    if (run.failures() == 0 && task.name().equals("fails once")) {
                        throw new IllegalStateException("once");
                    }
                    return run.transaction(connection -> task.name());
                })
                .build();
        UUID skipped = tasks.append(new Task("skipped"));
        UUID cancelled = tasks.append(new Task("cancelled"), Append.uniqueKey("k"));
        tasks.reprioritize(skipped, 1);
        assertThat(tasks.skip(skipped, "why")).isTrue();
        assertThat(tasks.cancel(cancelled, "why")).isTrue();
        tasks.start();
        tasks.execute();
        UUID once = tasks.append(
                new Task("fails once"),
                Append.uniqueKey("k").withDeadline(Instant.now().plusSeconds(600)));
        assertThat(ended(tasks, once).execution().status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(ended(tasks, tasks.retry(once)).execution().status()).isEqualTo(EventStatus.COMPLETED);
        tasks.pause("why");
        tasks.resume();
        assertThat(tasks.snapshot().items().size()).isEqualTo(4);
        assertThat(tasks.cleanupEvents()).isEqualTo(2);
        database.await("select count(*) = 0 from status_delta"); // folded, as a chore does

        Answer byReader;
        try (Connection connection = as("millrace_read")) {
            byReader = bySql(connection, "select id from millrace.event_status where status = 'skipped'");
            assertThat(state(connection, "select * from millrace.status_counts('tasks')"))
                    .isEqualTo("done");
            assertThat(state(connection, "select millrace.await('%s', 1)".formatted(skipped)))
                    .isEqualTo("done");
            for (String look : List.of(
                    "* from millrace.flow_status",
                    "* from millrace.worker_status",
                    "* from millrace.progression_member",
                    "* from millrace.members('tasks', 'completed', 'a,,1')",
                    "* from millrace.members('tasks', 'pending', 't,2000-01-01T00:00:00Z,1')",
                    "millrace.inspect_state('tasks')")) {
                assertThat(state(connection, "select " + look)).as(look).isEqualTo("done");
            }
            assertThat(state(connection, "select millrace.append('f', 't', '1')"))
                    .isEqualTo(NOT_ALLOWED);
        }
        assertThat(byReader.id()).isEqualTo(skipped);
    }

    @Test
    void owner_whoMayMakeNoRoles_migratesAndAppends() throws SQLException {
        TestDatabase other = database.empty();
        String owner = "millrace_owner_of_" + other.name();
        other.execute("create role " + owner);
        other.execute("grant create on database " + other.name() + " to " + owner);
        try {
            Millrace.migrate(
                    other.newPool(2, settings -> settings.setConnectionInitSql("set role " + owner)), "elsewhere");
            try (Connection connection = other.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("set role millrace_append");
                statement.execute("select elsewhere.append('f', 't', '1', unique_key => 'k')");
                assertThat(state(connection, "select * from elsewhere.event")).isEqualTo(NOT_ALLOWED);
            }
            assertThat(other.text("select pg_get_userbyid(proowner) from pg_proc where proname = 'append'"))
                    .isEqualTo(owner);
        } finally {
            other.execute("drop owned by " + owner + " cascade");
            other.execute("drop role " + owner);
        }
    }
}
