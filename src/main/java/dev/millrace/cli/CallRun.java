package dev.millrace.cli;

import dev.millrace.Executor;
import dev.millrace.ExecutorBuilder;
import dev.millrace.Millrace;
import dev.millrace.event.MillraceException;
import dev.millrace.work.RateLimit;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Makes the calls of one flow until all of them are settled or the user interrupts. Confined to one thread.
 */
final class CallRun implements AutoCloseable {
    private static final Duration RETRY_BASE = Duration.ofSeconds(1);
    private static final long LOOK_EVERY_MILLIS = 200;

    private final Millrace millrace;
    private final HttpCaller caller;
    private final Executor<HttpCall> executor;

    /**
     * How calls are made.
     *
     * @param concurrency calls under way at once
     * @param rate null for no limit
     * @param attempts runs of a call in all, while its failure may pass
     * @param bodyCap bytes kept of each answer
     * @param hosts which may be called
     */
    record Limits(int concurrency, @Nullable Rate rate, int attempts, int bodyCap, AllowedHosts hosts) {}

    /** A run of that flow, not started. */
    CallRun(Millrace millrace, String flow, Limits limits) {
        this.millrace = millrace;
        this.caller = new HttpCaller(limits.bodyCap, limits.hosts);
        try {
            this.executor = executor(millrace, flow, limits);
        } catch (RuntimeException e) {
            caller.close();
            throw e;
        }
    }

    private Executor<HttpCall> executor(Millrace millrace, String flow, Limits limits) {
        ExecutorBuilder<HttpCall> builder = millrace.executor(flow, HttpCall.class)
                .concurrencyLimit(limits.concurrency)
                .handler((call, run) -> caller.call(call));
        if (limits.rate != null) {
            builder.permission(RateLimit.of(limits.rate.permits(), limits.rate.per()));
        }
        if (limits.attempts > 1) {
            builder.retry(RetryPolicy.exponential(RETRY_BASE, limits.attempts));
        }
        return builder.build();
    }

    Executor<HttpCall> executor() {
        return executor;
    }

    /** Makes the calls; returns when all are settled, or soon after an interruption or a fatal error. */
    Snapshot toEnd(Progress progress, Interruption interruption) throws InterruptedException {
        interruption.closes(millrace);
        Snapshot snapshot = progress.show(executor.statusCounts());
        try {
            executor.execute();
            while (!snapshot.isDone() && isHealthy() && !interruption.await(LOOK_EVERY_MILLIS)) {
                snapshot = progress.show(executor.statusCounts());
            }
        } catch (MillraceException | IllegalStateException e) {
            if (!interruption.requested()) {
                throw e;
            }
            // closed by the signal meanwhile; the last look counts
        }
        executor.stop();
        return snapshot;
    }

    private boolean isHealthy() {
        return millrace.fatalError().isEmpty();
    }

    /** Why it ended before its time. */
    String brokenOff() {
        return millrace.fatalError()
                .map(error -> "ended by " + error.getClass().getSimpleName())
                .orElse("interrupted");
    }

    /** What to tell the shell; for a signal the JVM says it in its own way. */
    int exitCode(boolean done) {
        if (!isHealthy()) {
            return Main.FAILED;
        }
        return done ? 0 : Main.INTERRUPTED;
    }

    /** Hangs up on the calls under way: close the {@link Millrace} first. */
    @Override
    public void close() {
        caller.close();
    }
}
