package dev.millrace.cli.torture;

import dev.millrace.work.Handler;
import dev.millrace.work.Run;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Does what a {@link Job} asks, and writes into the ledger when it begins and how it ends. Thread-safe. */
final class JobHandler implements Handler<Job> {
    private final Ledger ledger;

    JobHandler(Ledger ledger) {
        this.ledger = ledger;
    }

    @Override
    public Object handle(Job job, Run<Job> run) throws Exception {
        UUID id = run.id();
        ledger.started(id, run.attempt(), job.kind());
        try {
            work(job, run.attempt());
        } catch (InterruptedException e) {
            ledger.ended(id, run.attempt(), "interrupted");
            throw e;
        } catch (RuntimeException e) {
            ledger.ended(id, run.attempt(), "thrown");
            throw e;
        }
        ledger.ended(id, run.attempt(), "done");
        return run.attempt();
    }

    private static void work(Job job, int attempt) throws InterruptedException {
        switch (job.kind()) {
            case SHORT, LONG -> Thread.sleep(job.millis());
            case FLAKY -> {
                Thread.sleep(job.millis());
                if (attempt <= job.failures()) {
                    throw new IllegalStateException("this job fails " + job.failures() + " times");
                }
            }
            case DEAF -> ignoreAll(job.millis());
            case HALTS_ONCE -> {
                Thread.sleep(job.millis());
                if (attempt == 1) {
                    Runtime.getRuntime().halt(Job.HALTED);
                }
            }
            case POISON -> Runtime.getRuntime().halt(Job.HALTED);
        }
    }

    private static void ignoreAll(int millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        boolean interrupted = false;
        long left;
        while ((left = end - System.nanoTime()) > 0) {
            try {
                TimeUnit.NANOSECONDS.sleep(left);
            } catch (InterruptedException e) {
                interrupted = true; // that is the point
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
