package dev.millrace.bench;

import dev.millrace.cli.BenchPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures Millrace against its peers on one PostgreSQL. */
@Command(
        name = "millrace bench",
        description = {
            "Measures Millrace against its peers on one PostgreSQL: us and the peer in turn, several rounds, a median and a "
                    + "ratio for each case.",
            "A ratio over 1 is always good for us; it is the median of the rounds' ratios, so it need not be exactly the "
                    + "quotient of the two medians. What is done is counted in the database, after commit."
        },
        mixinStandardHelpOptions = true,
        version = "millrace bench 0.1.0-SNAPSHOT",
        footerHeading = "%nCases:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all that was asked for was measured, or skipped with a reason",
            "1:something went wrong, such as a contender that did not do its work",
            "2:wrong usage",
            "130:interrupted (143 if by SIGTERM)"
        })
final class BenchCommand implements Callable<Integer> {
    private static final int MOST_ROUNDS = 100;
    private static final int LEAST_EVENTS = 100;
    private static final int MOST_EVENTS = 10_000_000;
    private static final String OWN = "self";
    private static final String EMBEDDED = "embedded";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--peers",
            split = ",",
            paramLabel = "PEER",
            description =
                    "whom to measure against, of: db-scheduler, jobrunr, graphile-worker, pg-boss; sql, which is our own "
                            + "statements by plain JDBC: the floor; self, which is ourselves without what a case is about "
                            + "(default: all)")
    private @Nullable List<String> peers;

    @Option(
            names = "--cases",
            split = ",",
            paramLabel = "CASE",
            description = "what to measure; see below (default: everything)")
    private @Nullable List<String> cases;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "" + Plan.USUAL_ROUNDS,
            description = "measurements of each side, 1 to 100 (default: ${DEFAULT-VALUE})")
    private int rounds;

    @Option(
            names = "--events",
            paramLabel = "N",
            defaultValue = "" + Plan.USUAL_EVENTS,
            description =
                    "events in a drain, 100 to 10000000; the other cases are in proportion (default: ${DEFAULT-VALUE})")
    private int events;

    @Option(
            names = "--jdbc-url",
            paramLabel = "URL",
            description =
                    "a PostgreSQL of your own, jdbc:postgresql://host/database?user=u, by a superuser, with the password in "
                            + "~/.pgpass or the whole URL in MILLRACE_JDBC_URL; schemas called bench_… are made in it and stay (default: one started for the run, durable)")
    private @Nullable String jdbcUrl;

    @Option(
            names = "--postgres-home",
            paramLabel = "DIR",
            description =
                    "the programs of the PostgreSQL to start, or 'embedded' (default: the newest of Debian's, from 15 "
                            + "on, else the embedded one)")
    private @Nullable String postgresHome;

    @Option(names = "--json", description = "print one JSON object a line; all else goes to standard error")
    private boolean json;

    @Option(
            names = "--markdown",
            paramLabel = "FILE",
            description = "write a table as well, between the lines " + Markdown.BEGIN + " and " + Markdown.END
                    + " of that file; a new file gets them")
    private @Nullable Path markdown;

    @Override
    public Integer call() throws IOException, InterruptedException, SQLException {
        Plan plan = plan();
        if (markdown != null && !Markdown.takes(markdown)) {
            throw wrong("--markdown " + markdown + " has no lines " + Markdown.BEGIN + " and " + Markdown.END
                    + " to put the table between, or no folder to be made in");
        }
        Bench bench = new Bench(plan, "./millrace bench " + String.join(" ", arguments()), this::say);
        if (jdbcUrl == null) {
            jdbcUrl = System.getenv("MILLRACE_JDBC_URL");
        }
        if (jdbcUrl == null) {
            Path home = home();
            say("starting PostgreSQL, " + (home == null ? "the embedded one" : "of " + home));
            try (BenchPostgres postgres = BenchPostgres.start(home)) {
                run(
                        bench,
                        postgres.url(),
                        postgres.folder(),
                        home == null ? "started for this run, embedded" : "started for this run, of " + home);
            }
        } else {
            if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
                throw wrong("--jdbc-url must look like jdbc:postgresql://host/database?user=u&password=p");
            }
            Path logs = Files.createTempDirectory("millrace-bench-logs-");
            say("logs of the measured processes: " + logs);
            run(bench, jdbcUrl, logs, "named by --jdbc-url");
        }
        return 0;
    }

    private void run(Bench bench, String url, Path logs, String origin)
            throws IOException, InterruptedException, SQLException {
        PrintWriter out = spec.commandLine().getOut();
        List<Result> results = new ArrayList<>();
        Map<String, Object> run = new LinkedHashMap<>();
        bench.run(url, logs, origin, (result, common) -> {
            out.println(json ? Output.json(result, common) : Output.text(result));
            results.add(result);
            run.putAll(common);
        });
        if (markdown != null) {
            Markdown.write(markdown, results, run);
        }
    }

    /** The command line without what may hold a password. */
    private List<String> arguments() {
        return spec.commandLine().getParseResult().originalArgs().stream()
                .map(word -> word.contains("jdbc:") ? word.replaceFirst("jdbc:.*", "jdbc:…") : word)
                .toList();
    }

    private Plan plan() {
        if (rounds < 1 || rounds > MOST_ROUNDS) {
            throw wrong("--rounds must be 1 to " + MOST_ROUNDS + ", got " + rounds);
        }
        if (events < LEAST_EVENTS || events > MOST_EVENTS) {
            throw wrong("--events must be " + LEAST_EVENTS + " to " + MOST_EVENTS + ", got " + events);
        }
        Set<Case> wanted = chosen(
                cases,
                EnumSet.allOf(Case.class),
                name -> Case.of(name).orElseThrow(() -> wrong("no case '" + name + "'; there are " + Case.labels())));
        boolean own = peers == null || peers.contains(OWN);
        List<String> others = peers == null
                ? null
                : peers.stream().filter(name -> !name.equals(OWN)).toList();
        Set<Contender> against = chosen(
                others,
                EnumSet.copyOf(Contender.peers()),
                name -> Contender.peer(name)
                        .orElseThrow(
                                () -> wrong("no peer '" + name + "'; there are " + Contender.labels() + ", " + OWN)));
        boolean anything = wanted.stream().anyMatch(one -> one.hasPeers() ? !against.isEmpty() || own : own);
        if (!anything) {
            throw wrong("these cases have no peers but " + OWN + ": add it to --peers, or leave --peers out");
        }
        return new Plan(wanted, against, own, rounds, events);
    }

    private static <T extends Enum<T>> Set<T> chosen(
            @Nullable List<String> names, Set<T> all, Function<String, T> named) {
        return names == null
                ? all
                : names.stream().map(String::strip).map(named).collect(Collectors.toSet());
    }

    private @Nullable Path home() {
        if (postgresHome == null) {
            return PostgresHome.installed().orElse(null);
        }
        if (postgresHome.equals(EMBEDDED)) {
            return null;
        }
        Path home = Path.of(postgresHome).toAbsolutePath();
        if (!PostgresHome.isHome(home)) {
            throw wrong("--postgres-home " + home + " has no bin/initdb and bin/pg_ctl that can be run");
        }
        return home;
    }

    /** The cases and what they mean, for the help. */
    static String[] footer() {
        return Arrays.stream(Case.values())
                .map(one -> "  %-14s %s".formatted(one.label(), one.meaning()))
                .toArray(String[]::new);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private void say(String remark) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("millrace: " + remark);
        err.flush();
    }
}
