package dev.millrace.bench;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Runs a plan on a database, case by case and peer by peer. */
final class Bench {
    private final Plan plan;
    private final String command;
    private final Consumer<String> progress;

    /**
     * Runs nothing yet.
     *
     * @param command the command line, for the record
     * @param progress told in words what is going on
     */
    Bench(Plan plan, String command, Consumer<String> progress) {
        this.plan = plan;
        this.command = command;
        this.progress = progress;
    }

    /**
     * Runs it all.
     *
     * @param url the database, with user and password
     * @param logs where the logs of the measured processes go
     * @param origin what server that is
     * @param results given each result as soon as it is known, with what is the same for all of the run
     */
    void run(String url, Path logs, String origin, BiConsumer<Result, Map<String, Object>> results)
            throws IOException, InterruptedException, SQLException {
        try (Probe probe = new Probe(url)) {
            Map<String, Object> common = new LinkedHashMap<>();
            common.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
            common.put("command", command);
            common.put("postgres", origin);
            common.put("postgres_settings", probe.settings());
            common.put("java", Runtime.version().toString());
            common.put("cores", Runtime.getRuntime().availableProcessors());
            common.forEach((name, value) -> progress.accept(name + ": " + value));
            Session session = new Session(
                    plan,
                    new Launch(url, logs, nodeFolder()),
                    probe,
                    result -> results.accept(result, common),
                    progress);
            for (Contender peer : Contender.peers()) {
                if (plan.peers().contains(peer)) {
                    against(peer, session);
                }
            }
            if (plan.own()) {
                new OwnCases(session).run();
            }
        }
    }

    private static void against(Contender peer, Session session)
            throws IOException, InterruptedException, SQLException {
        String reason = session.launch().prepare(peer);
        if (reason != null) {
            for (Case one : Case.values()) {
                if (one.hasPeers()) {
                    session.tell(Result.skipped(one, peer.label(), reason));
                }
            }
            return;
        }
        if (!session.plan().hasPeerCases()) {
            return;
        }
        try (Sides sides = Sides.start(session, peer)) {
            new AppendCases(session).run(sides);
            new DrainCases(session).run(sides);
            new MoreDrainCases(session).run(sides);
            new PickupCases(session).run(sides);
        }
    }

    /** Beside the classes: {@code bench/target}, which is never committed and which a clean build clears. */
    private static Path nodeFolder() {
        try {
            return Path.of(Bench.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .resolveSibling("node");
        } catch (URISyntaxException e) {
            throw new IllegalStateException("this program does not know where it lies", e);
        }
    }
}
