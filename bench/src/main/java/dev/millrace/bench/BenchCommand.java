package dev.millrace.bench;

import dev.millrace.cli.BenchPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
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
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--peers",
            split = ",",
            paramLabel = "PEER",
            description =
                    "whom to measure against, of: db-scheduler, jobrunr, graphile-worker, pg-boss, sql; sql is our own "
                            + "statements by plain JDBC, the floor (default: all)")
    private @Nullable List<String> peers;

    @Option(names = "--cases", split = ",", paramLabel = "CASE", description = "what to measure (default: everything)")
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
                    "a PostgreSQL of your own, jdbc:postgresql://host/database?user=u&password=p, by a superuser; "
                            + "schemas called bench_… are made in it and stay (default: one started for the run, durable)")
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

    @Override
    public Integer call() throws IOException, InterruptedException, SQLException {
        Plan plan = plan();
        if (jdbcUrl != null) {
            if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
                throw wrong("--jdbc-url must look like jdbc:postgresql://host/database?user=u&password=p");
            }
            Path folder = Files.createTempDirectory("millrace-bench-");
            measure(plan, jdbcUrl, folder, "of the user's");
            return 0;
        }
        Path home = home();
        say("starting PostgreSQL, " + (home == null ? "the embedded one" : "of " + home));
        try (BenchPostgres postgres = BenchPostgres.start(home)) {
            measure(plan, postgres.url(), postgres.folder(), home == null ? "embedded" : home.toString());
        }
        return 0;
    }

    private void measure(Plan plan, String url, Path folder, String origin)
            throws IOException, InterruptedException, SQLException {
        try (Probe probe = new Probe(url)) {
            Map<String, Object> common = new LinkedHashMap<>();
            common.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
            common.put("command", "./millrace bench " + String.join(" ", arguments()));
            common.put("postgres", probe.settings() + ", " + origin);
            common.put("java", Runtime.version().toString());
            common.put("cores", Runtime.getRuntime().availableProcessors());
            common.forEach((name, value) -> say(name + ": " + value));
            PrintWriter out = spec.commandLine().getOut();
            Session session = new Session(
                    plan,
                    new Launch(url, folder, nodeFolder()),
                    probe,
                    result -> out.println(json ? Output.json(result, common) : Output.text(result)),
                    this::say);
            for (Contender peer : Contender.peers()) {
                if (plan.peers().contains(peer)) {
                    against(peer, session);
                }
            }
        }
    }

    private static void against(Contender peer, Session session)
            throws IOException, InterruptedException, SQLException {
        String reason = session.launch().prepare(peer);
        if (reason != null) {
            session.plan().cases().forEach(one -> session.tell(Result.skipped(one, peer.label(), reason)));
            return;
        }
        new AppendCases(session).run(peer);
        new DrainCases(session).run(peer);
    }

    /** Beside the classes: {@code bench/target}, which no build commits and {@code mvn clean} clears. */
    private static Path nodeFolder() {
        try {
            Path code = Path.of(BenchCommand.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return code.resolveSibling("node");
        } catch (URISyntaxException e) {
            throw new IllegalStateException("this program does not know where it lies", e);
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
        Set<Contender> against = chosen(
                peers,
                EnumSet.copyOf(Contender.peers()),
                name -> Contender.peer(name)
                        .orElseThrow(() -> wrong("no peer '" + name + "'; there are " + Contender.labels())));
        return new Plan(wanted, against, rounds, events);
    }

    private static <T extends Enum<T>> Set<T> chosen(
            @Nullable List<String> names, Set<T> all, Function<String, T> named) {
        if (names == null) {
            return all;
        }
        return EnumSet.copyOf(names.stream().map(String::strip).map(named).toList());
    }

    private @Nullable Path home() throws IOException {
        if (postgresHome != null) {
            if (postgresHome.equals("embedded")) {
                return null;
            }
            Path home = Path.of(postgresHome);
            if (!Files.isExecutable(home.resolve("bin/initdb"))) {
                throw wrong("--postgres-home " + home + " has no bin/initdb that can be run");
            }
            return home.toAbsolutePath();
        }
        String[] installed = DEBIAN.toFile().list();
        return Arrays.stream(installed == null ? new String[0] : installed)
                .filter(version -> version.matches("\\d+") && Integer.parseInt(version) >= 15)
                .filter(version -> Files.isExecutable(DEBIAN.resolve(version).resolve("bin/initdb")))
                .max(java.util.Comparator.comparing(Integer::valueOf))
                .map(DEBIAN::resolve)
                .orElse(null);
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
