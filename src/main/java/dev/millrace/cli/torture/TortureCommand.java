package dev.millrace.cli.torture;

import dev.millrace.thread.Threads;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Kills, stalls and cuts off workers and their database for a while, then checks that nothing was lost or done twice. */
@Command(
        name = "torture",
        description =
                "Runs a PostgreSQL, appenders and four workers of its own, breaks them in every way for a while,"
                        + " then checks that no event was lost, invented, settled twice or settled by a worker that had lost it.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:no violation", "1:violations, or the run itself failed; all data is kept", "2:wrong usage"})
public final class TortureCommand implements Callable<Integer> {
    private static final int SHORTEST_SECONDS = 5;

    private final Starter starter;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "60",
            description = "how long faults happen (default: ${DEFAULT-VALUE})")
    private long seconds = 60;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "decides which faults come when, and which jobs (default: a random one, which is printed)")
    private @Nullable Long seed;

    @Option(
            names = "--profile",
            paramLabel = "broad|aimed",
            defaultValue = "broad",
            description =
                    "broad: much short work and every fault; aimed: runs about as long as a lease, stalls just past"
                            + " it (default: ${DEFAULT-VALUE})")
    private String profile = "broad";

    @Option(names = "--json", description = "prints the outcome as one JSON object on the last line of standard output")
    private boolean json;

    @Option(names = "--folder", paramLabel = "DIR", description = "where to keep everything (default: a temporary one)")
    private @Nullable Path folder;

    /** Starts a PostgreSQL in a folder. */
    @FunctionalInterface
    public interface Starter {
        /** Starts it; the run closes it. */
        Server start(Path folder) throws IOException, InterruptedException;
    }

    /** A command that gets its database from there. */
    public TortureCommand(Starter starter) {
        this.starter = starter;
    }

    @Override
    public Integer call() throws Exception {
        Settings settings = settings();
        PrintWriter err = spec.commandLine().getErr();
        err.println("torture: seed " + settings.seed() + ", everything in " + settings.folder());
        err.flush();
        Report report;
        try (Server server = starter.start(settings.folder().resolve("postgres"));
                Torture torture = new Torture(settings, server, err)) {
            Thread hook = Threads.user("torture-interrupted", () -> endAll(torture, server));
            Runtime.getRuntime().addShutdownHook(hook);
            report = torture.run();
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        PrintWriter out = spec.commandLine().getOut();
        report.print(json ? err : out);
        if (json) {
            out.println(report.json());
            out.flush();
        }
        if (report.passed() && folder == null) {
            delete(settings.folder());
        }
        return report.passed() ? 0 : 1;
    }

    private Settings settings() throws IOException {
        if (seconds < SHORTEST_SECONDS) {
            throw new ParameterException(
                    spec.commandLine(), "--seconds must be at least " + SHORTEST_SECONDS + ", got " + seconds);
        }
        if (!profile.equals("broad") && !profile.equals("aimed")) {
            throw new ParameterException(spec.commandLine(), "--profile must be broad or aimed, got " + profile);
        }
        Path kept = folder == null ? Files.createTempDirectory("millrace-torture-") : Files.createDirectories(folder);
        long drawn = seed == null ? ThreadLocalRandom.current().nextLong(1_000_000) : seed;
        return new Settings(seconds, drawn, Profile.of(profile), kept.toRealPath());
    }

    private static void endAll(Torture torture, Server server) {
        try {
            torture.close();
            server.close();
        } catch (IOException e) {
            System.err.println("torture: could not end everything: " + e.getMessage());
        }
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException error) throws IOException {
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
