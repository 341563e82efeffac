package dev.millrace.work;

import dev.millrace.event.Errors;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Whether and when a failed event runs again by itself. By default it does not: see {@link #none}. Must be thread-safe. One of the
 * application's own decides by the number of failures and the error alone; {@link Errors#retryable} is what the others ask.
 */
@FunctionalInterface
public interface RetryPolicy {
    /** The longest pause {@link #exponential} makes. */
    Duration LONGEST_PAUSE = Duration.ofHours(1);

    /** The longest pause that {@link #exponential} can be made to make. */
    Duration LONGEST_CEILING = Duration.ofDays(365);

    /**
     * How long to wait before the next attempt.
     *
     * @param failures how often the event has failed, this time included; from 1
     * @param error what the handler threw
     * @return empty to leave it failed
     */
    Optional<Duration> delayAfter(int failures, Throwable error);

    /**
     * Whether a timeout is a failure as well. If not, as by default, an event that timed out is cancelled: what looks for failed
     * events misses it ({@link dev.millrace.event.EventStatus#isUnsuccessful}). If it is, this policy
     * is asked about the {@link dev.millrace.event.EventTimeoutException}: the attempt is cancelled and its event runs again, or
     * the last one fails it.
     */
    default boolean retriesTimeouts() {
        return false;
    }

    /** This policy, for timeouts too. */
    default RetryPolicy retryingTimeouts() {
        RetryPolicy policy = this;
        return new RetryPolicy() {
            @Override
            public Optional<Duration> delayAfter(int failures, Throwable error) {
                return policy.delayAfter(failures, error);
            }

            @Override
            public boolean retriesTimeouts() {
                return true;
            }
        };
    }

    /** Never: a failed event stays failed until someone retries it. */
    static RetryPolicy none() {
        return (failures, error) -> Optional.empty();
    }

    /** After the same pause each time, while the error is retryable, at most {@code attempts} runs in all. */
    static RetryPolicy fixed(Duration pause, int attempts) {
        checkBounds("pause", pause, attempts);
        return (failures, error) ->
                failures < attempts && Errors.retryable(error) ? Optional.of(pause) : Optional.empty();
    }

    /** As the other one, with pauses of at most an hour. */
    static RetryPolicy exponential(Duration base, int attempts) {
        return exponential(base, LONGEST_PAUSE, attempts);
    }

    /**
     * After a random part of a pause that starts at {@code base} and doubles each time, up to {@code longest} (full jitter, so
     * that events that failed together do not come back together), while the error is retryable, at most
     * {@code attempts} runs in all.
     *
     * @param longest from {@code base} to 365 days
     */
    static RetryPolicy exponential(Duration base, Duration longest, int attempts) {
        checkBounds("base", base, attempts);
        Objects.requireNonNull(longest, "longest");
        if (longest.compareTo(base) < 0 || longest.compareTo(LONGEST_CEILING) > 0) {
            throw new IllegalArgumentException(
                    "longest must be the base (%s) to %s, got %s".formatted(base, LONGEST_CEILING, longest));
        }
        return (failures, error) -> {
            if (failures >= attempts || !Errors.retryable(error)) {
                return Optional.empty();
            }
            double ceiling = Math.min((double) longest.toNanos(), base.toNanos() * Math.pow(2, failures - 1.0));
            return Optional.of(
                    Duration.ofNanos((long) (ThreadLocalRandom.current().nextDouble() * ceiling)));
        };
    }

    private static void checkBounds(String name, Duration pause, int attempts) {
        Objects.requireNonNull(pause, name);
        if (pause.isNegative() || pause.compareTo(LONGEST_PAUSE) > 0) {
            throw new IllegalArgumentException("%s must be PT0S to %s, got %s".formatted(name, LONGEST_PAUSE, pause));
        }
        if (attempts < 1) {
            throw new IllegalArgumentException("attempts must be at least 1, got " + attempts);
        }
    }
}
