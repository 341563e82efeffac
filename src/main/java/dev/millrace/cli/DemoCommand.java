package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.event.Event;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what Millrace does: calls to a sample API, in four priorities, under a rate limit, with failures and timeouts. */
@Command(
        name = "demo",
        description = {
            "Makes calls to a sample API in this process, through a PostgreSQL started for it: four priorities, a rate "
                    + "limit, a concurrency limit, a timeout, failing and too-slow endpoints.",
            "Ends with the seven counts, throughput, latencies and three failures."
        },
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    private static final int PRIORITIES = 4;
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final Duration TOO_SLOW = Duration.ofSeconds(3);
    private static final String[] ENDPOINTS = {"users", "orders", "invoices", "alerts", "search"};
    private static final int MOST_EVENTS = 1_000_000;
    private static final int BATCH = 1_000;

    @Option(
            names = "--events",
            paramLabel = "N",
            defaultValue = "2000",
            description = "how many calls to make, 1 to 1000000 (default: ${DEFAULT-VALUE})")
    private int events;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            defaultValue = "50",
            description = "calls under way at once (default: ${DEFAULT-VALUE})")
    private int concurrency;

    @Option(
            names = "--rate",
            paramLabel = "N/TIME",
            defaultValue = "100/s",
            converter = RateOption.class,
            description = "how many calls may start in how long a time, such as 100/60s (default: ${DEFAULT-VALUE})")
    private @Nullable Rate rate;

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (events < 1 || events > MOST_EVENTS) {
            throw new BadInputException("--events must be 1 to " + MOST_EVENTS + ", got " + events);
        }
        common.checkConcurrency(concurrency);
        try (Interruption interruption = Interruption.listen(CommandDatabase.GRACE)) {
            common.say("starting PostgreSQL and the sample API");
            try (CommandDatabase database = common.database(
                            () -> CommandDatabase.on(LocalPostgres.startTemporary(), CommandDatabase.GRACE),
                            CommandDatabase.GRACE);
                    SampleApi api = SampleApi.start(0, TOO_SLOW);
                    CallRun run = new CallRun(database.millrace(), flow(), limits())) {
                append(run.executor(), api.address());
                return finish(run, interruption, database);
            }
        }
    }

    private Integer finish(CallRun run, Interruption interruption, CommandDatabase database)
            throws InterruptedException {
        Snapshot last = run.toEnd(common.progress(), interruption);
        if (!last.isDone()) {
            database.millrace().close();
            common.say(run.brokenOff() + " after " + last.settled() + " of " + last.total() + " calls");
            return run.exitCode(false);
        }
        Report report = Report.of(run.executor(), last, 0);
        ReportText.print(report, common.forPeople());
        if (common.json()) {
            ObjectNode json = ReportText.json(report);
            json.put("flow", run.executor().name());
            common.printJson(json);
        }
        return run.exitCode(true);
    }

    private CallRun.Limits limits() {
        return new CallRun.Limits(concurrency, rate, 1, RunCommand.DEFAULT_BODY_CAP, AllowedHosts.ALL);
    }

    /** A flow of its own each time, so that the counts are this demo's alone. */
    private static String flow() {
        return "demo-" + UUID.randomUUID();
    }

    private void append(Executor<HttpCall> executor, String address) {
        List<Event<HttpCall>> batch = new ArrayList<>();
        for (int number = 1; number <= events; number++) {
            String endpoint = ENDPOINTS[number % ENDPOINTS.length];
            double priority = 1 + number % PRIORITIES;
            batch.add(executor.newEvent(
                    HttpCall.get(address + "/" + endpoint + "/" + number),
                    Append.priority(priority).withTimeout(TIMEOUT)));
            if (batch.size() == BATCH || number == events) {
                executor.appendEvents(batch);
                batch.clear();
            }
        }
        common.say("%,d calls appended in %d priorities; making them, %d at once, %s"
                .formatted(events, PRIORITIES, concurrency, rate));
    }
}
