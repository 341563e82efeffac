package dev.millrace.cli.torture;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.Event;
import dev.millrace.thread.Threads;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A process that works: connects, runs jobs, and gives back what it holds when it is asked to end. */
final class WorkerRole {
    static final int POOL = 4;
    static final Duration GRACE = Duration.ofMillis(500);
    static final String FLOW = "torture";

    private static final RetryPolicy RETRIES = RetryPolicy.fixed(Duration.ofMillis(100), 5);
    private static final double DENIED = 0.01;
    private static final double UNREADABLE = 0.2;
    private static final Duration STOPPING = Duration.ofMillis(200);

    private WorkerRole() {}

    private record Open(Millrace millrace, Executor<Job> jobs) {}

    /** Arguments: the lease in milliseconds, events at once. Does not return. */
    static void run(String url, Ledger ledger, List<String> arguments) throws IOException, InterruptedException {
        Duration lease = Duration.ofMillis(Long.parseLong(arguments.get(0)));
        int concurrency = Integer.parseInt(arguments.get(1));
        AtomicReference<@Nullable Open> open = new AtomicReference<>();
        Job.readBy(() -> ThreadLocalRandom.current().nextDouble() < UNREADABLE);
        Runtime.getRuntime().addShutdownHook(Threads.user("worker-leaves", () -> leave(open.get())));
        Threads.startDaemon("worker-obeys", () -> {
            try {
                Child.obey(word -> {});
            } catch (IOException e) {
                // as good as its end
            }
            Runtime.getRuntime().halt(0); // the coordinator is gone
        });
        while (true) {
            try {
                Millrace millrace = connect(url, lease, ledger);
                Executor<Job> jobs = executor(millrace, ledger, concurrency);
                open.set(new Open(millrace, jobs));
                jobs.execute();
                Thread.currentThread().join(); // until a signal
            } catch (RuntimeException e) {
                retry(open.getAndSet(null), e);
            }
        }
    }

    /** Does what a worker does first, and ends. */
    static void warmUp(String url, Ledger ledger, List<String> arguments) throws InterruptedException {
        Duration lease = Duration.ofMillis(Long.parseLong(arguments.get(0)));
        try (Millrace millrace = connect(url, lease, ledger)) {
            Executor<Job> jobs = executor(millrace, ledger, 1);
            jobs.start();
            int none = jobs.forward();
            System.err.println("warmed up with " + none + " events");
        }
    }

    static Millrace connect(String url, Duration lease, Ledger ledger) {
        return Millrace.builder()
                .jdbcUrl(url)
                .poolSize(POOL)
                .lease(lease)
                .shutdownGrace(GRACE)
                .onFatalError(error -> System.exit(1)) // what is held has been given back; the hook closes the rest
                .onLateResult(late ->
                        ledger.late(late.event(), late.attempt(), late.status().toString()))
                .connect();
    }

    private static Executor<Job> executor(Millrace millrace, Ledger ledger, int concurrency) {
        return millrace.executor(FLOW, Job.class)
                .concurrencyLimit(concurrency)
                .queueCapacity(concurrency)
                .prefetch(concurrency) // what i20_bounded_loss.sql counts on
                .retry(RETRIES)
                .permission(WorkerRole::permit)
                .denialBackOff(Duration.ofMillis(50))
                .maxDenials(1_000) // none is aborted for them
                .handler(new JobHandler(ledger))
                .build();
    }

    private static Permission permit(Event<? extends Job> unused) {
        return ThreadLocalRandom.current().nextDouble() < DENIED ? Permission.denied("torture") : Permission.granted();
    }

    /** The database is away: an application's supervisor would start it again; here it tries again by itself. */
    private static void retry(@Nullable Open half, RuntimeException cause) throws InterruptedException {
        if (half != null) {
            half.millrace().close();
        }
        System.err.println("not connected: " + cause.getMessage());
        Thread.sleep(100);
    }

    private static void leave(@Nullable Open open) {
        int code = open != null && open.millrace().fatalError().isPresent() ? 1 : 0;
        try {
            if (open != null) {
                beginToEnd(open.jobs());
                open.millrace().close();
            }
        } catch (RuntimeException | InterruptedException e) {
            System.err.println("could not close: " + e);
            code = 1;
        }
        Runtime.getRuntime().halt(code);
    }

    /** One of the ways in which an application may: the executor is asked to stop, or is closed, or ends with all else. */
    private static void beginToEnd(Executor<Job> jobs) throws InterruptedException {
        switch (ThreadLocalRandom.current().nextInt(3)) {
            case 0 -> {
                boolean unused = jobs.stop(STOPPING);
            }
            case 1 -> jobs.close(GRACE);
            default -> {}
        }
    }
}
