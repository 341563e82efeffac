package dev.millrace.cli;

import dev.millrace.cli.torture.TortureCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line's entry: hands over to one of the commands and ends the JVM with its exit code. */
@Command(
        name = "millrace",
        description = "Executes API calls durably: rate limits, priorities, timeouts and retries on PostgreSQL.",
        subcommands = {DemoCommand.class, RunCommand.class, SampleApiCommand.class},
        mixinStandardHelpOptions = true,
        version = "millrace 0.1.0-SNAPSHOT",
        footer = "%nIn a source checkout, `./millrace bench` measures it against its peers: see bench --help.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every call settled",
            "1:something unexpected went wrong",
            "2:wrong usage, or a bad call file; nothing was appended",
            "130:interrupted (143 if by SIGTERM); the same command resumes"
        })
public final class Main implements Runnable {
    /** How logged exceptions are written, as Logback's patterns say it. */
    private static final String FIRST_LINE = "%.-300(%replace(%ex{short}){'\\s+', ' '}) %n";

    private static final String WHOLE_STACK = "%n%ex{full}";

    /** Wrong usage, or input that was refused. */
    static final int BAD_INPUT = 2;

    /** Anything unexpected. */
    static final int FAILED = 1;

    /** Stopped by a signal before all was done. */
    static final int INTERRUPTED = 130;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /** Runs one command. Does not return. */
    public static void main(String[] args) {
        System.setProperty("logback.configurationFile", "dev/millrace/cli/logback.xml");
        System.setProperty("millrace.exception", isDebugging() ? WHOLE_STACK : FIRST_LINE);
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8); // as JSON demands, in any locale
        PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
        int code = execute(out, err, args);
        Interruption.workIsDone();
        System.exit(code);
    }

    /** Runs one command in this JVM and returns its exit code. */
    static int execute(PrintWriter out, PrintWriter err, String... args) {
        return commands()
                .setOut(out)
                .setErr(err)
                .setExecutionExceptionHandler(Main::explain)
                .execute(args);
    }

    /** All commands, as docs/command-line.md has them. */
    static CommandLine commands() {
        return new CommandLine(new Main()).addSubcommand(new TortureCommand(CrashingPostgres::start));
    }

    /** Without a command there is nothing to do but to say so. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? See below.");
    }

    private static int explain(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
        PrintWriter err = command.getErr();
        err.println("millrace: " + message(e));
        if (isDebugging()) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            err.print(trace);
        } else if (!(e instanceof BadInputException)) {
            err.println("millrace: set MILLRACE_DEBUG=1 to see where it came from");
        }
        err.flush();
        return e instanceof BadInputException ? BAD_INPUT : FAILED;
    }

    private static boolean isDebugging() {
        return System.getenv("MILLRACE_DEBUG") != null;
    }

    private static String message(Exception e) {
        String message = e.getMessage();
        return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    }
}
