package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.Executor;
import dev.millrace.event.Event;
import dev.millrace.event.ExistsException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes the calls of a file, durably. */
@Command(
        name = "run",
        description = {
            "Makes the HTTP calls of a file, one JSON object a line, with the keys url, method, headers, body, priority "
                    + "(lower first) and timeout (seconds, or a string like \"5s\").",
            "Durable: ended at any point and started again with the same file, it goes on where it was; no call is "
                    + "lost, and none that settled is made again. A call that was under way when the process was "
                    + "killed is made again, as nobody knows how it went: at once with the embedded PostgreSQL, with "
                    + "--jdbc-url when the killed process's lease has run out, in about half a minute.",
            "A file with a wrong line is refused before any call is made."
        },
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every call settled, whichever way",
            "1:something unexpected went wrong; the same command resumes",
            "2:wrong usage or a bad file; nothing was appended",
            "130:interrupted (143 if by SIGTERM); the same command resumes"
        })
final class RunCommand implements Callable<Integer> {
    /** Bytes kept of an answer. */
    static final int DEFAULT_BODY_CAP = 64 * 1024;

    private static final int LARGEST_BODY_CAP = 128 * 1024;
    private static final Duration LONGEST_GRACE = Duration.ofHours(1);
    private static final int MOST_ATTEMPTS = 100;
    private static final int BAD_LINES_SHOWN = 20;
    private static final int RACES = 5;

    @Parameters(paramLabel = "FILE", description = "the calls, such as examples/api-calls.jsonl")
    private Path file = Path.of("");

    @Option(
            names = "--flow",
            paramLabel = "NAME",
            description =
                    "the name under which the calls are kept; under another one all are made anew (default: made of "
                            + "the file's name and place)")
    private @Nullable String flow;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "20",
            description = "calls under way at once (default: ${DEFAULT-VALUE})")
    private int concurrency;

    @Option(
            names = "--rate",
            paramLabel = "N/TIME",
            converter = RateOption.class,
            description = "how many calls may start in how long a time, such as 100/60s (default: no limit)")
    private @Nullable Rate rate;

    @Option(
            names = "--attempts",
            paramLabel = "N",
            defaultValue = "1",
            description = "how often a call is made while it fails in a way that may pass: no answer, or status 408, "
                    + "425, 429 or 5xx; with growing random pauses (default: ${DEFAULT-VALUE})")
    private int attempts;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "30s",
            converter = DurationOption.class,
            description = "how long a call may take whose line does not say; past it, it is cancelled "
                    + "(default: ${DEFAULT-VALUE})")
    private Duration timeout = Duration.ofSeconds(30);

    @Option(
            names = "--grace",
            paramLabel = "TIME",
            defaultValue = "5s",
            converter = DurationOption.class,
            description = "how long calls under way may take to end after SIGINT or SIGTERM, 0s to 1h; a second signal "
                    + "ends that time (default: ${DEFAULT-VALUE})")
    private Duration grace = CommandDatabase.GRACE;

    @Option(
            names = "--body-cap",
            paramLabel = "BYTES",
            defaultValue = "" + DEFAULT_BODY_CAP,
            description = "how much of each answer's body is kept, up to 131072 (default: ${DEFAULT-VALUE})")
    private int bodyCap;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "write what came of each line to this file when all calls have settled, a JSON object a line")
    private @Nullable Path out;

    @Option(
            names = "--allow-host",
            paramLabel = "HOST",
            description = "call and follow redirects to this host only; may be given several times (default: any host, "
                    + "also those that only this machine can reach)")
    private List<String> allowedHosts = List.of();

    @Option(names = "--skip-bad", description = "make the calls of the good lines and list the bad ones")
    private boolean skipBad;

    @Option(
            names = "--data",
            paramLabel = "FOLDER",
            defaultValue = ".millrace",
            description =
                    "where the embedded PostgreSQL keeps its data (default: ${DEFAULT-VALUE} in the working folder)")
    private Path data = Path.of(".millrace");

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        checkOptions();
        String name = flow == null ? FlowName.of(file) : FlowName.checked(flow);
        AllowedHosts hosts = AllowedHosts.of(allowedHosts);
        CallFile.Calls calls = read(name, hosts);
        try (Interruption interruption = Interruption.listen(grace);
                CommandDatabase database = common.database(this::startLocal, grace)) {
            try (CallRun run = new CallRun(
                    database.millrace(), name, new CallRun.Limits(concurrency, rate, attempts, bodyCap, hosts))) {
                return run(run, calls, interruption, database);
            }
        }
    }

    private void checkOptions() throws IOException {
        common.checkConcurrency(concurrency);
        require(attempts >= 1 && attempts <= MOST_ATTEMPTS, "--attempts must be 1 to " + MOST_ATTEMPTS);
        require(!grace.isNegative() && grace.compareTo(LONGEST_GRACE) <= 0, "--grace must be 0s to 1h");
        require(bodyCap >= 0 && bodyCap <= LARGEST_BODY_CAP, "--body-cap must be 0 to " + LARGEST_BODY_CAP);
        require(Files.isRegularFile(file), "there is no file " + file);
        require(Files.isReadable(file), "the file " + file + " cannot be read");
        if (out != null) {
            ResultsFile.checkWritable(out);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new BadInputException(otherwise);
        }
    }

    private CallFile.Calls read(String name, AllowedHosts hosts) throws IOException {
        CallFile.Calls calls = CallFile.readAll(file, name, call -> hosts.check(URI.create(call.url())));
        if (!calls.bad().isEmpty()) {
            for (CallLine.Bad bad :
                    calls.bad().subList(0, Math.min(BAD_LINES_SHOWN, calls.bad().size()))) {
                common.say(file + ":" + bad.number() + ": " + bad.reason());
            }
            String count = "bad lines in %s: %,d".formatted(file, calls.bad().size());
            require(skipBad, count + "; nothing was appended. Mend them, or leave them out with --skip-bad");
            common.say(count + ", left out");
        }
        require(!calls.good().isEmpty(), "there is no call in " + file);
        return calls;
    }

    private CommandDatabase startLocal() throws IOException, InterruptedException {
        common.say("starting PostgreSQL in " + data);
        LocalPostgres local = LocalPostgres.start(data);
        if (local.reused()) {
            common.say("a killed run left its PostgreSQL running; using that");
        }
        return CommandDatabase.on(local, grace);
    }

    private Integer run(CallRun run, CallFile.Calls calls, Interruption interruption, CommandDatabase database)
            throws IOException, InterruptedException {
        Executor<HttpCall> executor = run.executor();
        int appended = append(executor, calls.good());
        Snapshot first = new Snapshot(executor.statusCounts(), Duration.ZERO, 0);
        common.say("%,d calls in %s: %,d new, %,d already settled"
                .formatted(calls.good().size(), file, appended, first.settled()));
        executor.currentPause()
                .ifPresent(pause -> common.say("the flow '%s' is paused since %s%s: no call starts until it is resumed"
                        .formatted(
                                executor.name(),
                                pause.since(),
                                pause.reason() == null ? "" : " (" + pause.reason() + ")")));
        Snapshot last = run.toEnd(common.progress(), interruption);
        if (!last.isDone()) {
            database.millrace().close(); // gives calls under way a moment to end, and takes the rest back
            common.say("%s with %,d of %,d calls settled; the same command resumes"
                    .formatted(run.brokenOff(), last.settled(), last.total()));
            return run.exitCode(false);
        }
        Report report = Report.of(executor, last, first.settled());
        ReportText.print(report, common.forPeople());
        if (out != null) {
            ResultsFile.write(out, calls.good(), executor);
            common.say("results written to " + out);
        }
        if (common.json()) {
            common.printJson(json(report, calls, executor.name(), appended));
        }
        return run.exitCode(true);
    }

    /** All lines that are not there, or none. */
    private int append(Executor<HttpCall> executor, List<CallLine.Good> lines) {
        List<Event<HttpCall>> events = lines.stream()
                .map(line -> executor.newEvent(line.call(), line.append(timeout)))
                .toList();
        for (int race = 1; ; race++) {
            try {
                return executor.appendAbsent(events).size();
            } catch (ExistsException e) {
                if (race == RACES) { // else another run of the same file on this database was faster
                    throw e;
                }
            }
        }
    }

    private ObjectNode json(Report report, CallFile.Calls calls, String name, int appended) {
        ObjectNode json = ReportText.json(report);
        json.put("flow", name);
        json.put("file", file.toString());
        json.put("calls", calls.good().size());
        json.put("appended", appended);
        if (out != null) {
            json.put("out", out.toString());
        }
        ArrayNode bad = json.putArray("bad_lines");
        calls.bad().forEach(line -> bad.addObject().put("line", line.number()).put("reason", line.reason()));
        return json;
    }
}
