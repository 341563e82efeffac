package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** What {@code demo} and {@code run} share: where the database is, and where what goes. */
final class CommonOptions {
    /** The environment variable that says what --jdbc-url would. */
    static final String URL_VARIABLE = "MILLRACE_JDBC_URL";

    private static final int MOST_CONCURRENT = 10_000;

    @Spec(Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--jdbc-url",
            paramLabel = "URL",
            description =
                    "a PostgreSQL of your own, jdbc:postgresql://host/database?user=u; its schema 'millrace' is made or "
                            + "brought up to date. Everybody on this machine can read a command line: keep the password in ~/.pgpass, "
                            + "or give the URL as the environment variable MILLRACE_JDBC_URL (default: an embedded PostgreSQL)")
    private @Nullable String jdbcUrl;

    @Option(
            names = "--json",
            description = "print one JSON object as the last line of standard output; all else goes to standard error")
    private boolean json;

    /** How to start a server of our own. */
    interface LocalStart {
        CommandDatabase start() throws IOException, InterruptedException;
    }

    /** The database named on the command line, else the one named by the environment, else one of our own. */
    CommandDatabase database(LocalStart local, Duration grace) throws IOException, InterruptedException {
        if (jdbcUrl != null) {
            return CommandDatabase.connect(jdbcUrl, grace);
        }
        String environment = System.getenv(URL_VARIABLE);
        return environment == null || environment.isBlank()
                ? local.start()
                : CommandDatabase.connect(environment, grace);
    }

    boolean json() {
        return json;
    }

    void checkConcurrency(int concurrency) {
        if (concurrency < 1 || concurrency > MOST_CONCURRENT) {
            throw new BadInputException("--concurrency must be 1 to " + MOST_CONCURRENT + ", got " + concurrency);
        }
    }

    Progress progress() {
        return new Progress(System.err, Terminal.ofStandardError(System.err), System::nanoTime);
    }

    /** A remark on what is going on. */
    void say(String remark) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("millrace: " + remark);
        err.flush();
    }

    /** Where a report for people goes. */
    PrintWriter forPeople() {
        return json ? spec.commandLine().getErr() : spec.commandLine().getOut();
    }

    void printJson(ObjectNode line) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(line);
        out.flush();
    }
}
