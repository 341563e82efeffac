package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.security.HostileCalls.Callable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every function of the schema, called with what {@link HostileCalls} makes up by a login that holds one role: what comes back is an answer or
 * an error that docs/sql.md names, and what the role may not change is as it was. {@code -Dmillrace.calls} says how many calls in all,
 * {@code -Dmillrace.seed} repeats a run.
 */
@PostgresTest
@NotPooled("becomes another role for a session")
class GeneratedCallsTest {
    private static final int CALLS = Integer.getInteger("millrace.calls", 20_000);
    private static final int AT_ONCE = 250;

    /** What no call may end with: a fault of the server, its resources, its files, or of a function's own code. */
    private static final Pattern FAULT =
            Pattern.compile("XX...|53...|55...|57...|58...|F0...|P0...|42[^57]..|425[^0].|4250[^1]");

    /** Writes a level into a path of JSON: one beyond the bounds that its callers keep is no path. */
    private static final String OF_A_PATH = "json_trouble";

    /** Tables that functions of the append role write: only what they hold of a flow that no call names stays as it was. */
    private static final Map<String, String> APPENDED = Map.ofEntries(
            Map.entry("event", "t.flow in (:flows)"),
            Map.entry("ready", "t.flow in (:flows)"),
            Map.entry("scheduled", "t.flow in (:flows)"),
            Map.entry("outcome", "t.flow in (:flows)"),
            Map.entry("lane", "t.flow in (:flows)"),
            Map.entry("unique_key", "t.flow in (:flows)"),
            Map.entry("status_delta", "t.flow in (:flows)"),
            Map.entry("flow_turn", "t.flow in (:flows)"),
            Map.entry("flow", "t.id in (:flows)"),
            Map.entry("expiry", "t.event in (select id from millrace.event where flow in (:flows))"),
            Map.entry("event_option", "t.event in (select id from millrace.event where flow in (:flows))"));

    /** What the work role may not write. The rest is its own. */
    private static final Set<String> OF_THE_OWNER = Set.of("schema_history", "setting");

    private final TestDatabase database;

    GeneratedCallsTest(TestDatabase database) {
        this.database = database;
    }

    /** What became of calls: how many of each SQLSTATE, and what is not documented with an example. */
    private static final class Tally {
        final Map<String, Integer> states = new TreeMap<>();
        final Map<String, String> strange = new TreeMap<>();

        @Override
        public String toString() {
            return states.toString();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"millrace_append", "millrace_read", "millrace_work", "none"})
    @DisplayName(
            "13 generated calls of every function answer or fail as documented, and change nothing that the role may not change")
    void calls_generated_areAnsweredOrRefused(String role) throws SQLException, IOException {
        database.truncateAll();
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        int calls = Math.max(AT_ONCE, role.equals("millrace_append") ? CALLS * 7 / 10 : CALLS / 10);
        System.out.printf("13 role=%s seed=%d calls=%d%n", role, seed, calls);
        List<String> ids = prepare();
        String login = "millrace_caller_" + database.name();
        database.execute("create role " + login + " login");
        try {
            if (!role.equals("none")) {
                database.execute("grant " + role + " to " + login);
            }
            Map<String, String> before = checksums(role);

            Tally tally = call(login, role, calls, new HostileCalls(new Random(seed), ids), new Random(seed + 1));

            System.out.printf("13 role=%s answered and refused: %s%n", role, tally);
            assertThat(tally.strange).as("seed=%d", seed).isEmpty();
            assertThat(checksums(role)).as("seed=%d", seed).isEqualTo(before);
        } finally {
            database.execute("drop owned by " + login);
            database.execute("drop role " + login);
        }
    }

    private List<String> prepare() {
        database.execute("select millrace.append('victim', 'v', to_jsonb(n), unique_key => 'k' || n, max_crashes => 5,"
                + " delay => case when n % 2 = 0 then 3600 end) from generate_series(1, 20) n");
        database.execute("select millrace.skip(id, 'done') from millrace.event_status where id in"
                + " (select id from millrace.ready limit 3)");
        database.execute("select millrace.append('bounded', 'b', '1'), millrace.append('paused', 'p', '1')");
        database.execute("select millrace.pause_flow('paused')");
        database.execute("update millrace.flow set max_pending = 3 where name = 'bounded'");
        return database.list(String.class, "select id::text from millrace.event");
    }

    private Tally call(String login, String role, int calls, HostileCalls generator, Random choice)
            throws SQLException, IOException {
        List<Callable> all = callables();
        List<Callable> allowed = all.stream()
                .filter(one -> one.name().equals("enqueue")
                        ? database.longValue("select has_table_privilege(?, 'millrace.enqueue', 'insert')::int", login)
                                == 1
                        : database.longValue(
                                        "select count(*) from pg_proc where pronamespace = 'millrace'::regnamespace"
                                                + " and proname = ? and has_function_privilege(?, oid, 'execute')",
                                        one.name(),
                                        login)
                                > 0)
                .toList();
        Tally tally = new Tally();
        Set<String> documented = documentedStates();
        String page = Files.readString(Path.of("docs/sql.md"));
        try (Connection connection = database.connectDirectly();
                Statement session = connection.createStatement()) {
            session.execute(RUN);
            session.execute("grant execute on function pg_temp.run_calls(text[]) to public");
            session.execute("set session authorization " + login);
            for (int done = 0; done < calls; done += AT_ONCE) {
                List<Callable> chosen = new ArrayList<>();
                List<String> statements = new ArrayList<>();
                for (int i = 0; i < AT_ONCE; i++) {
                    List<Callable> from = allowed.isEmpty() || choice.nextInt(5) == 0 ? all : allowed;
                    chosen.add(from.get(choice.nextInt(from.size())));
                    statements.add(generator.call(chosen.getLast()));
                }
                List<String> ends = run(connection, statements);
                for (int i = 0; i < AT_ONCE; i++) {
                    String state = ends.get(i).substring(0, 5);
                    tally.states.merge(state, 1, Integer::sum);
                    boolean isPublic = page.contains("`" + chosen.get(i).name()) && !role.equals("none");
                    boolean fine = documented.contains(state)
                            || (!isPublic && !isFault(state, chosen.get(i).name()));
                    if (!fine || (role.equals("none") && !state.equals("42501") && !isLiteral(state))) {
                        tally.strange.putIfAbsent(
                                state + " " + chosen.get(i).name(), shortened(statements.get(i)) + " → " + ends.get(i));
                    }
                }
            }
        }
        return tally;
    }

    /** PostgreSQL may find that an argument is no value before it looks whether the login may call. */
    private static boolean isLiteral(String state) {
        return state.startsWith("22") || state.equals("54001");
    }

    private static boolean isFault(String state, String function) {
        return FAULT.matcher(state).matches() && !function.equals(OF_A_PATH);
    }

    private static String shortened(String text) {
        return text.length() > 600 ? text.substring(0, 600) + "…" : text;
    }

    private static final String RUN = """
            create function pg_temp.run_calls(calls text[]) returns text[] language plpgsql as $$
            declare
                ends text[] := '{}';
                this text;
            begin
                foreach this in array calls loop
                    begin
                        execute this;
                        ends := ends || '00000'::text;
                    exception when others then
                        ends := ends || (sqlstate || ' ' || left(sqlerrm, 300));
                    end;
                end loop;
                return ends;
            end $$
            """;

    private static List<String> run(Connection connection, List<String> statements) throws SQLException {
        try (PreparedStatement run = connection.prepareStatement("select pg_temp.run_calls(?)")) {
            run.setArray(1, connection.createArrayOf("text", statements.toArray()));
            try (ResultSet row = run.executeQuery()) {
                row.next();
                return Arrays.asList((String[]) row.getArray(1).getArray());
            }
        }
    }

    /** The view, and every function but triggers, which nobody can call. */
    private List<Callable> callables() {
        List<Callable> callables = new ArrayList<>();
        callables.add(new Callable("enqueue", List.of(), List.of(), 0));
        for (List<?> row : database.query("""
                select p.proname::text, p.pronargdefaults::integer,
                    array(select coalesce(p.proargnames[a.n::integer], '') from generate_series(1, p.pronargs) a (n) order by a.n),
                    array(select case when t.typnamespace = p.pronamespace then 'millrace.' || t.typname else format_type(t.oid, null) end
                        from unnest(p.proargtypes::oid[]) with ordinality a (type, n) join pg_type t on t.oid = a.type order by a.n)
                from pg_proc p
                where p.pronamespace = 'millrace'::regnamespace and p.prorettype <> 'trigger'::regtype
                order by 1, p.oid::regprocedure::text
                """)) {
            callables.add(new Callable(
                    (String) Objects.requireNonNull(row.get(0)), texts(row.get(2)), texts(row.get(3)), (Integer)
                            Objects.requireNonNull(row.get(1))));
        }
        return callables;
    }

    private static List<String> texts(Object array) {
        try {
            return List.of((String[]) ((java.sql.Array) array).getArray());
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Set<String> documentedStates() throws IOException {
        String page = Files.readString(Path.of("docs/sql.md"));
        String errors = page.substring(page.indexOf("\n## Errors"), page.indexOf("\n## Good to know"));
        Set<String> states = errors.lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.split("[|]", -1)[1])
                .flatMap(
                        cell -> Pattern.compile("`([0-9A-Z]{5})`").matcher(cell).results())
                .map((MatchResult code) -> code.group(1))
                .collect(Collectors.toSet());
        assertThat(states).contains("22023", "MR001", "42501");
        states.add("00000");
        return states;
    }

    /** Of each table what the role may not change, and of the catalog what is in the schema. */
    private Map<String, String> checksums(String role) {
        Map<String, String> sums = new HashMap<>();
        String flows = role.equals("millrace_append") ? "select id from millrace.flow where name = 'victim'" : "";
        for (String table : database.list(
                String.class, "select tablename::text from pg_tables where schemaname = 'millrace' order by 1")) {
            if (role.equals("millrace_work") && !OF_THE_OWNER.contains(table)) {
                continue;
            }
            String where = role.equals("millrace_append") ? APPENDED.getOrDefault(table, "true") : "true";
            sums.put(
                    table,
                    String.valueOf(database.text(
                            "select concat(count(*), ' ', md5(string_agg(t::text, '|' order by t::text))) from millrace.%s t where %s"
                                    .formatted(table, where.replace(":flows", flows)))));
        }
        Stream.of(
                        "pg_proc p where p.pronamespace = 'millrace'::regnamespace",
                        "pg_class p where p.relnamespace = 'millrace'::regnamespace and p.relkind in ('v', 'r', 'S')",
                        "pg_trigger p join pg_class c on c.oid = p.tgrelid where c.relnamespace = 'millrace'::regnamespace")
                .forEach(from -> sums.put(
                        from,
                        String.valueOf(database.text(
                                "select concat(count(*), ' ', md5(string_agg(p.oid::text, '|' order by p.oid))) from "
                                        + from))));
        return sums;
    }
}
