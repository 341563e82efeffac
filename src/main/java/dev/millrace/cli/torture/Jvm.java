package dev.millrace.cli.torture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process of the torture run, which is this product's jar in a JVM of its own. Thread-safe. */
final class Jvm {
    private static final long WARM_UP_MILLIS = 30_000;

    private final Process process;

    private Jvm(Process process) {
        this.process = process;
    }

    /**
     * Runs one that loads what the others will load and ends, and has it leave an archive of those classes behind, since
     * starting JVMs is most of what a torture run does. Where there can be no archive (classes not in jars) there is none.
     */
    static void archiveClasses(Settings settings, String url, List<String> arguments)
            throws IOException, InterruptedException {
        Jvm warmUp = start(
                settings, url, "warm-up", "warm-up", arguments, "-XX:ArchiveClassesAtExit=" + settings.classArchive());
        if (!warmUp.awaitEnd(WARM_UP_MILLIS)) {
            warmUp.kill();
        }
    }

    /** Starts one. Its output goes to {@code name.log} in the folder, its ledger is {@code name.ledger}. */
    static Jvm start(Settings settings, String url, String role, String name, List<String> arguments)
            throws IOException {
        Path archive = settings.classArchive();
        return start(
                settings,
                url,
                role,
                name,
                arguments,
                Files.exists(archive) ? "-XX:SharedArchiveFile=" + archive : "-Xshare:auto");
    }

    private static Jvm start(
            Settings settings, String url, String role, String name, List<String> arguments, String sharing)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-Xss512k",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                sharing,
                "-Dlogback.configurationFile=dev/millrace/cli/logback.xml",
                "-Dmillrace.exception=" + System.getProperty("millrace.exception", "%n"),
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                role,
                settings.folder().resolve(name + ".ledger").toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        settings.folder().resolve(name + ".log").toFile()));
        builder.environment().put(Child.URL, url);
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        return new Jvm(builder.start());
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Its exit code, once it has ended; 128 and the signal's number if a signal ended it. */
    int exitCode() throws InterruptedException {
        return process.waitFor();
    }

    boolean awaitEnd(long millis) throws InterruptedException {
        return process.waitFor(millis, TimeUnit.MILLISECONDS);
    }

    void kill() {
        process.destroyForcibly();
    }

    /** SIGTERM. Not {@link Process#destroy}: that closes the streams as well, and a child without a coordinator halts. */
    void terminate() throws IOException, InterruptedException {
        signal("TERM");
    }

    /** SIGSTOP and its like, which Java has no word for. */
    void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        kill.waitFor();
    }

    /** Says nothing more to it. */
    void closeMouth() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            return; // it has ended
        }
    }

    /** Says a word to it; one that is gone does not hear. */
    void say(int word) {
        try {
            process.getOutputStream().write(word);
            process.getOutputStream().flush();
        } catch (IOException e) {
            return; // it has ended, and the next one is told anew
        }
    }
}
