package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.postgresql.ds.PGSimpleDataSource;

/** The example of one language as a program of its own, which finds its database in its environment. */
record PlaceOrder(List<String> command, Map<String, String> environment) {
    private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

    PlaceOrder {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
    }

    /** What a run came to. */
    record Finished(int code, String out, String err) {
        /** The first group of a pattern that must be found in standard output. */
        String found(String pattern) {
            Matcher matcher = Pattern.compile(pattern, Pattern.MULTILINE).matcher(out);
            assertThat(matcher.find()).as("%s in %s%s", pattern, out, err).isTrue();
            return matcher.group(1);
        }
    }

    /** Ends the test as skipped, and says so in the output of the build too. */
    static void skip(String reason) {
        if (TOLD.add(reason)) {
            System.out.println("[SKIPPED] " + reason);
        }
        Assumptions.abort(reason);
    }

    /** The programs of these names that can be run, those on the path first. */
    static Stream<String> programs(String... places) {
        List<String> folders = List.of(System.getenv().getOrDefault("PATH", "").split(":", -1));
        return Stream.of(places)
                .flatMap(place -> place.startsWith("/")
                        ? Stream.of(Path.of(place))
                        : folders.stream().filter(folder -> !folder.isBlank()).map(folder -> Path.of(folder, place)))
                .filter(Files::isExecutable)
                .map(Path::toString);
    }

    /** The variables by which every PostgreSQL client finds that database. */
    static Map<String, String> place(TestDatabase database) {
        PGSimpleDataSource place = new PGSimpleDataSource();
        place.setUrl(database.jdbcUrl());
        return Map.of(
                "PGHOST",
                place.getServerNames()[0],
                "PGPORT",
                Integer.toString(place.getPortNumbers()[0]),
                "PGDATABASE",
                database.name(),
                "PGUSER",
                Objects.requireNonNullElse(place.getUser(), System.getProperty("user.name")),
                "PGPASSWORD",
                Objects.requireNonNullElse(place.getPassword(), ""));
    }

    /** The same program, which finds that instead. */
    PlaceOrder with(Map<String, String> otherEnvironment) {
        return new PlaceOrder(command, otherEnvironment);
    }

    /** Runs it to its end, a minute at most. */
    Finished run(String... arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(command);
        line.addAll(List.of(arguments));
        Path out = Files.createTempFile("millrace-example", ".out");
        Path err = Files.createTempFile("millrace-example", ".err");
        try {
            ProcessBuilder builder = new ProcessBuilder(line)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment()
                    .keySet()
                    .removeIf(name ->
                            name.startsWith("PG") || name.startsWith("MILLRACE_") || name.equals("DATABASE_URL"));
            builder.environment().putAll(environment);
            Process process = builder.start();
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("did not end: " + line + "\n" + Files.readString(err));
            }
            return new Finished(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }
}
