package dev.millrace.cli.torture;

import dev.millrace.Executor;
import dev.millrace.event.EventFilter;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.RetryFilter;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * What an appender's process does to the events it has appended lately, and to their flow: cancels, skips and reprioritizes them,
 * appends them again, one by one and many at once, and pauses the flow for a moment. Writes down what it was told.
 */
final class Steering {
    private static final int REMEMBERED = 2_048;
    private static final long PAUSE_MILLIS = 10;
    private static final double PAUSED = 0.008;
    private static final double MANY = 0.01;
    private static final int MOST_AT_ONCE = 20;
    private static final int MOST_PRIORITY = 1_000;
    private static final UUID THE_FLOW = new UUID(0, 0);

    private final Executor<Job> executor;
    private final Ledger events;
    private final Ledger said;
    private final AtomicReferenceArray<UUID> known = new AtomicReferenceArray<>(REMEMBERED);
    private final AtomicInteger next = new AtomicInteger();

    /** @param events what became of appends; {@code said} is what became of all else */
    Steering(Executor<Job> executor, Ledger events, Ledger said) {
        this.executor = executor;
        this.events = events;
        this.said = said;
    }

    /** These are there, and may be steered. */
    void knows(List<UUID> ids) {
        for (UUID id : ids) {
            known.set(Math.floorMod(next.getAndIncrement(), REMEMBERED), id);
        }
    }

    /** Steers until it is told to end; then nothing is paused by it, if the database can be reached. */
    void run(long seed, BooleanSupplier ending) {
        Random random = new Random(seed);
        resume(); // one who was killed may have left a pause behind
        while (!ending.getAsBoolean()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS));
            once(random);
        }
    }

    private void once(Random random) {
        try {
            if (random.nextDouble() < PAUSED) {
                pause(200 + random.nextInt(2_300));
            } else if (random.nextDouble() < MANY) {
                many(random);
            } else {
                UUID id = known.get(random.nextInt(REMEMBERED));
                if (id != null) {
                    steer(id, random);
                }
            }
        } catch (IllegalStateException | NotFoundException e) {
            return; // it has moved on
        } catch (RuntimeException e) {
            System.err.println("not steered: " + e.getMessage()); // what became of it the ledger does not say
        }
    }

    private void steer(UUID id, Random random) {
        switch (random.nextInt(5)) {
            case 0 -> {
                if (executor.cancel(id, "torture")) {
                    said.write(Ledger.Steered.CANCELLED, id);
                }
            }
            case 1 -> {
                boolean unused = executor.skip(id, "torture");
            }
            case 2 -> {
                events.write(Ledger.Append.YET_AGAIN, List.of(id));
                UUID fresh = executor.retry(id);
                events.write(Ledger.Append.ACKNOWLEDGED, List.of(fresh));
            }
            default -> executor.reprioritize(id, random.nextInt(MOST_PRIORITY));
        }
    }

    private void many(Random random) {
        int lowest = random.nextInt(MOST_PRIORITY);
        EventFilter urgent =
                EventFilter.all().withPriorities(lowest, MOST_PRIORITY).limit(1 + random.nextInt(MOST_AT_ONCE));
        switch (random.nextInt(3)) {
            case 0 -> {
                long unused = executor.cancelAll(urgent, "torture");
            }
            case 1 -> {
                long unused = executor.skipAll(urgent, "torture");
            }
            default -> {
                events.write(Ledger.Append.YET_AGAIN, List.of(THE_FLOW)); // each that has failed, once
                long unused = executor.retryAll(RetryFilter.failed().limit(MOST_AT_ONCE));
            }
        }
    }

    private void pause(long millis) {
        try {
            executor.pause("torture");
            said.write(Ledger.Steered.PAUSED, THE_FLOW);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
        } finally {
            resume();
        }
    }

    private void resume() {
        while (true) {
            said.write(Ledger.Steered.RESUMING, THE_FLOW);
            try {
                executor.resume();
                return;
            } catch (RuntimeException e) {
                System.err.println("not resumed: " + e.getMessage());
            }
        }
    }
}
