package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What docs/security.md and docs/sql.md say of the roles is what the database lets them do. */
@PostgresTest
@NotPooled("becomes another role for a session")
class SecurityPageTest {
    private final TestDatabase database;

    SecurityPageTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    private static String page() throws IOException {
        return Files.readString(Path.of("docs/security.md"));
    }

    @Test
    @DisplayName(
            "13.11 docs/security.md has the privileges of each role on each table and view, as the catalog has them")
    void securityPage_tableOfGrants_isTheCatalogs() throws IOException {
        List<String> granted = database.list(String.class, """
                select format('| `%s` | %s |', c.relname, string_agg(coalesce(p.letters, '-'), ' | ' order by p.role))
                from pg_class c
                cross join lateral (
                    select role, (
                        select string_agg(letter || case when has_table_privilege(role, c.oid, privilege) then '' else '*' end, ''
                            order by n)
                        from (values (1, 'r', 'select'), (2, 'i', 'insert'), (3, 'u', 'update'), (4, 'd', 'delete'),
                            (5, 'truncate', 'truncate'), (6, 'trigger', 'trigger')) v (n, letter, privilege)
                        where case when n > 3 then has_table_privilege(role, c.oid, privilege)
                            else has_any_column_privilege(role, c.oid, privilege) end
                    ) as letters
                    from unnest(array['millrace_append', 'millrace_read', 'millrace_work']) role
                ) p
                where relnamespace = 'millrace'::regnamespace and relkind in ('r', 'v', 'p', 'm', 'f')
                group by c.relname
                order by c.relname
                """);

        String page = page();
        String rows =
                page.substring(page.indexOf("| table or view |"), page.indexOf("`millrace_read` reads all columns"));
        assertThat(rows.lines().filter(line -> line.startsWith("| `"))).containsExactlyElementsOf(granted);
    }

    @Test
    @DisplayName("13.11 docs/security.md has the functions that each role may call, as the catalog has them")
    void securityPage_functions_areTheCatalogs() throws IOException {
        assertThat(page().replaceAll("\\s+", " "))
                .contains("Functions of `millrace_append`: " + functions("millrace_append", true) + ".")
                .contains("Functions of `millrace_read`: " + functions("millrace_read", true) + ".")
                .contains("`millrace_work` may call all functions but " + functions("millrace_work", false) + ",");
    }

    private String functions(String role, boolean may) {
        return database.text(
                "select string_agg(format('`%s`', name), ', ' order by name) from (select distinct proname as name from pg_proc"
                        + " where pronamespace = 'millrace'::regnamespace and has_function_privilege(?, oid, 'execute') = ?) f",
                role, may);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "delete from millrace.outcome",
                "insert into millrace.outcome (id, flow, attempt, status) select id, flow, 1, 2 from millrace.ready",
                "delete from millrace.ready",
                "insert into millrace.event (id, flow, type, payload, priority) select gen_random_uuid(), id, 't', '1', 1 from millrace.flow",
                "select millrace.cancel(id, 'x') from millrace.event",
                "select millrace.cleanup_events('f')"
            })
    @DisplayName("13.11 the work role is trusted with every row, as the documents say")
    void workRole_rowsOfEvents_areItsOwn(String act) throws SQLException {
        assertThat(stateOf("millrace_work", act)).isEqualTo("done");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "update millrace.event set payload = '2'",
                "update millrace.event set id = gen_random_uuid()",
                "update millrace.outcome set id = gen_random_uuid()",
                "update millrace.outcome set response = '2'",
                "update millrace.outcome set status = 3",
                "update millrace.outcome set error = '{}'",
                "truncate millrace.event",
                "truncate millrace.ready",
                "delete from millrace.flow",
                "delete from millrace.lane",
                "delete from millrace.schema_history",
                "update millrace.setting set value = 1000",
                "insert into millrace.setting values ('payload_cap', 1000)",
                "select millrace.set_payload_cap(1000)",
                "select millrace.grant_roles()",
                "create table millrace.mine (id int)",
                "create function millrace.mine() returns int language sql return 1",
                "create trigger mine before insert on millrace.event execute function millrace.option_kept()",
                "alter table millrace.event disable trigger all",
                "alter function millrace.append_rows owner to millrace_work",
                "drop table millrace.event"
            })
    @DisplayName("13.11 the work role changes no payload or answer in place, and nothing of the schema's own")
    void workRole_whatIsTheOwners_isRefused(String act) throws SQLException {
        assertThat(stateOf("millrace_work", act)).isIn("42501", "55000");
    }

    @Test
    @DisplayName("13.11 docs/sql.md does not promise what the grants do not hold")
    void sqlPage_workRole_isTrustedWithEveryRow() throws IOException {
        assertThat(Files.readString(Path.of("docs/sql.md")))
                .contains(
                        "| `millrace_work` | all that the library does: append, work, steer, clean up. Is trusted with every row")
                .doesNotContain("not change an event or an outcome");
    }

    @Test
    @DisplayName("13.13 what the documents say of keys and ids across flows is so")
    void appendRole_othersKeysAndIds_areAsTheDocumentsSay() throws SQLException, IOException {
        String victim = database.text("select millrace.append('theirs', 't', '1', unique_key => 'order-7')");
        try (Connection connection = database.connectDirectly();
                Statement statement = connection.createStatement()) {
            statement.execute("set role millrace_append");

            assertThat(answer(statement, "select millrace.append('theirs', 'x', '2', unique_key => 'order-7')"))
                    .as("the id of the holder")
                    .isEqualTo(victim);
            assertThat(answer(statement, "select millrace.append('mine', 'x', '2', id => '" + victim + "')"))
                    .as("an id of another flow")
                    .isEqualTo("23505");
            String mine = answer(
                    statement,
                    "select millrace.append('theirs', 'x', '2', unique_key => 'order-7', on_conflict => 'replace')");
            assertThat(mine).isNotEqualTo(victim);
            assertThat(answer(statement, "select millrace.append('mine', 'x', '2', unique_key => 'order-7')"))
                    .as("a key belongs to its flow")
                    .isNotEqualTo(mine);
        }
        assertThat(database.text("select millrace.status(?::uuid)", victim)).isEqualTo("skipped");
        assertThat(page()).contains("The boundary is the schema or the database, never the flow");
    }

    private static String answer(Statement statement, String sql) {
        try (var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    private String stateOf(String role, String act) throws SQLException {
        database.execute("select millrace.append('f', 't', '1'), millrace.append('f', 't', '2')");
        database.execute("select millrace.skip(id, 'done') from millrace.ready limit 1");
        try (Connection connection = database.connectDirectly();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set local role " + role);
            statement.execute(act);
            connection.rollback();
            return "done";
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }
}
