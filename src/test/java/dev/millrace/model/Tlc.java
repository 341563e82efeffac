package dev.millrace.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs TLC, the model checker of TLA+, in a JVM of its own: it keeps its state in statics. */
record Tlc(Path folder) {
    private static final Path SPEC = Path.of("docs/spec").toAbsolutePath();
    private static final Pattern STATES =
            Pattern.compile("generated, (\\d+) distinct states found, 0 states left on queue");
    private static final long LIMIT_SECONDS = 300;

    /** What it said. */
    record Verdict(String output) {
        boolean foundNoError() {
            return output.contains("Model checking completed. No error has been found.");
        }

        /** How many different states there are; 0 if it stopped before it had seen them all. */
        int states() {
            Matcher matcher = STATES.matcher(output);
            return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
        }
    }

    /** Checks the model in that configuration. One thread, so that a violation found is always the same. */
    Verdict check(Path configuration) throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "-Djava.io.tmpdir=" + folder, // it unpacks the standard modules there
                        "-cp",
                        jar().toString(),
                        "tlc2.TLC",
                        "-workers",
                        "1",
                        "-metadir",
                        folder.resolve("states").toString(),
                        "-config",
                        configuration.toAbsolutePath().toString(),
                        SPEC.resolve("Millrace.tla").toString()))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("TLC did not end within " + LIMIT_SECONDS + " s: " + Files.readString(output));
            }
        } finally {
            process.destroyForcibly();
        }
        return new Verdict(Files.readString(output));
    }

    private static Path jar() {
        return Path.of(tlc2.TLC
                .class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath());
    }
}
