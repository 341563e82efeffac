package dev.millrace.maintain;

import dev.millrace.store.Moved;
import dev.millrace.store.Schedule;
import dev.millrace.store.Schedule.Promoted;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * Makes scheduled events claimable when their time has come, and skips pending ones whose deadline has passed. Any worker may, no leader is needed. Confined to one thread.
 */
public final class Promoter {
    /** Clocks and timers are no finer than that. */
    private static final Duration LEAST_PAUSE = Duration.ofMillis(1);

    private final Schedule schedule;
    private final Duration interval;
    private final Rest rest;
    private final IntConsumer whenPromoted;
    private final Consumer<Moved> whenSkipped;

    /** How to wait between two looks. */
    public interface Rest {
        /** Something was due; returns the time until the next look, which is the caller's. */
        Duration busy(Duration untilNext);

        /** Nothing was; says how long to wait unless the next event is due before. */
        Duration nothing();
    }

    /**
     * @param interval at most between looks while there is something to do
     * @param whenPromoted hears of each flow that got events
     * @param whenSkipped hears of each event that was skipped for its deadline
     */
    public Promoter(
            Schedule schedule, Duration interval, Rest rest, IntConsumer whenPromoted, Consumer<Moved> whenSkipped) {
        this.schedule = schedule;
        this.interval = interval;
        this.rest = rest;
        this.whenPromoted = whenPromoted;
        this.whenSkipped = whenSkipped;
    }

    /** Promotes one batch; returns how long to idle. */
    public Duration cycle() {
        Promoted promoted = schedule.promote();
        promoted.flows().keySet().forEach(whenPromoted::accept);
        Optional<Duration> deadline = promoted.untilDeadline();
        boolean passed = deadline.filter(left -> !left.isPositive()).isPresent();
        if (passed) {
            schedule.expire().forEach(whenSkipped); // what it left is found with the next look, which is soon
        }
        if (promoted.total() == Schedule.BATCH || passed) {
            return rest.busy(passed ? LEAST_PAUSE : Duration.ZERO);
        }
        Duration pause = promoted.total() > 0 ? rest.busy(interval) : rest.nothing();
        return Stream.of(promoted.untilNext(), deadline)
                .flatMap(Optional::stream)
                .min(Comparator.naturalOrder())
                .map(next -> next.compareTo(LEAST_PAUSE) < 0 ? LEAST_PAUSE : next)
                .filter(next -> next.compareTo(pause) < 0)
                .orElse(pause);
    }
}
