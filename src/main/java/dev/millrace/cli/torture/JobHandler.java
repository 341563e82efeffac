package dev.millrace.cli.torture;

import dev.millrace.work.Handler;
import dev.millrace.work.Run;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Does what a {@link Job} asks, and writes into the ledger when it begins and how it ends. Thread-safe. */
final class JobHandler implements Handler<Job> {
    private static final Duration PAUSE = Duration.ofMillis(40);

    private final Ledger ledger;

    JobHandler(Ledger ledger) {
        this.ledger = ledger;
    }

    @Override
    public Object handle(Job job, Run<Job> run) throws Exception {
        UUID id = run.id();
        ledger.started(id, run.attempt(), job.kind());
        try {
            if (job.kind() == Job.Kind.WRITES) {
                return write(job, run);
            }
            work(job, run);
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

    /** Done before the commit, as far as the ledger is concerned: the process may die between the two. */
    private Object write(Job job, Run<Job> run) throws Exception {
        return run.transaction(connection -> {
            try (PreparedStatement effect = connection.prepareStatement(Database.sql("effect"))) {
                effect.setObject(1, run.id());
                effect.setInt(2, run.attempt());
                effect.executeUpdate();
            }
            Thread.sleep(job.millis());
            ledger.ended(run.id(), run.attempt(), "done");
            return run.attempt();
        });
    }

    private static void work(Job job, Run<Job> run) throws InterruptedException {
        int attempt = run.attempt();
        switch (job.kind()) {
            case SHORT, LONG, HARD_TO_READ -> Thread.sleep(job.millis());
            case FLAKY -> {
                Thread.sleep(job.millis());
                if (attempt <= job.failures()) {
                    throw new IllegalStateException("this job fails " + job.failures() + " times");
                }
            }
            case SNOOZES -> {
                Thread.sleep(job.millis());
                if (attempt <= job.failures()) {
                    throw run.snooze(PAUSE);
                }
            }
            case RETRIES_IN -> {
                Thread.sleep(job.millis());
                if (attempt <= job.failures()) {
                    throw run.retryIn(PAUSE);
                }
            }
            case DEAF -> ignoreAll(job.millis());
            case HALTS_ONCE -> {
                Thread.sleep(job.millis());
                if (attempt == 1) {
                    Runtime.getRuntime().halt(Job.HALTED);
                }
            }
            case WRITES -> throw new IllegalStateException("that is another's work");
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
