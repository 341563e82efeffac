package dev.millrace.bench;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** The entry of {@code millrace bench}. */
public final class Main {
    private Main() {}

    /** Runs the benchmark. Does not return. */
    public static void main(String[] args) {
        System.setProperty("logback.configurationFile", "dev/millrace/bench/logback.xml");
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
        System.exit(execute(out, err, args));
    }

    /** Runs it in this JVM and returns its exit code. */
    static int execute(PrintWriter out, PrintWriter err, String... args) {
        CommandLine command = new CommandLine(new BenchCommand());
        command.getCommandSpec().usageMessage().footer(BenchCommand.footer());
        return command.setOut(out)
                .setErr(err)
                .setExecutionExceptionHandler((e, failed, parsed) -> {
                    err.println("millrace: " + (e.getMessage() == null ? e : e.getMessage()));
                    if (System.getenv("MILLRACE_DEBUG") != null) {
                        e.printStackTrace(err);
                    }
                    return 1;
                })
                .execute(args);
    }
}
