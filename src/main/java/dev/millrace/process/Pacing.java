package dev.millrace.process;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How much the background loop may take in, and when. With a refresh time: batches of the queue capacity, that far apart,
 * in which no event is met twice. Without one: as much as comes. Confined to the loop's thread.
 */
final class Pacing {
    private final int capacity;
    private final @Nullable Duration refresh;
    private Batch batch = new Batch(false);
    private int left;
    private long nextNanos = System.nanoTime();

    /** @param refresh between batches; null for no pacing */
    Pacing(int capacity, @Nullable Duration refresh) {
        this.capacity = capacity;
        this.refresh = refresh;
    }

    /** How long until something may be taken in; zero if it may now. Begins the next batch when its time has come. */
    Duration untilCapacity() {
        if (refresh == null) {
            begin(false);
            return Duration.ZERO;
        }
        long now = System.nanoTime();
        if (now - nextNanos >= 0) {
            nextNanos = now + refresh.toNanos();
            begin(true);
        }
        return left > 0 ? Duration.ZERO : Duration.ofNanos(nextNanos - now);
    }

    private void begin(boolean holding) {
        endBatch();
        batch = new Batch(holding);
        left = capacity;
    }

    /** What may still be taken in. */
    int left() {
        return left;
    }

    /** What is taken in now belongs to it. */
    Batch batch() {
        return batch;
    }

    /** So many were taken in. */
    void took(int events) {
        left -= events;
        if (left <= 0) {
            endBatch();
        }
    }

    /** The batch is over, because the queue is empty or the capacity used: what it refused goes back. */
    void endBatch() {
        left = 0;
        batch.close();
    }

    /** The loop ends; when it starts again it begins with a batch. */
    void end() {
        endBatch();
        nextNanos = System.nanoTime();
    }
}
