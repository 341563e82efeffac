package dev.millrace.work;

import dev.millrace.event.Errors;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Whether and when a failed event runs again by itself. By default it does not: see {@link #none}. Must be thread-safe.
 */
@FunctionalInterface
public interface RetryPolicy {
    /** The longest pause {@link #exponential} makes. */
    Duration LONGEST_PAUSE = Duration.ofHours(1);

    /**
     * How long to wait before the next attempt.
     *
     * @param failures how often the event has failed, this time included; from 1
     * @param error what the handler threw
     * @return empty to leave it failed
     */
    Optional<Duration> delayAfter(int failures, Throwable error);

    /** Never: a failed event stays failed until someone retries it. */
    static RetryPolicy none() {
        return (failures, error) -> Optional.empty();
    }

    /** After the same pause each time, while the error is retryable, at most {@code attempts} runs in all. */
    static RetryPolicy fixed(Duration pause, int attempts) {
        checkBounds(pause, attempts);
        return (failures, error) ->
                failures < attempts && Errors.retryable(error) ? Optional.of(pause) : Optional.empty();
    }

    /**
     * After a random part of a pause that starts at {@code base} and doubles each time, up to an hour (full jitter, so
     * that events that failed together do not come back together), while the error is retryable, at most
     * {@code attempts} runs in all.
     */
    static RetryPolicy exponential(Duration base, int attempts) {
        checkBounds(base, attempts);
        return (failures, error) -> {
            if (failures >= attempts || !Errors.retryable(error)) {
                return Optional.empty();
            }
            double ceiling = Math.min((double) LONGEST_PAUSE.toNanos(), base.toNanos() * Math.pow(2, failures - 1.0));
            return Optional.of(
                    Duration.ofNanos((long) (ThreadLocalRandom.current().nextDouble() * ceiling)));
        };
    }

    private static void checkBounds(Duration pause, int attempts) {
        if (pause.isNegative() || pause.compareTo(LONGEST_PAUSE) > 0) {
            throw new IllegalArgumentException("pause must be 0 to %s, got %s".formatted(LONGEST_PAUSE, pause));
        }
        if (attempts < 1) {
            throw new IllegalArgumentException("attempts must be at least 1, got " + attempts);
        }
    }
}
