package dev.millrace.maintain;

import dev.millrace.store.Moved;
import dev.millrace.store.Schedule;
import dev.millrace.store.Schedule.Promoted;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
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
    private final News news;

    /** How to wait between two looks. */
    public interface Rest {
        /** Something was due; returns the time until the next look, which is the caller's. */
        Duration busy(Duration untilNext);

        /** Nothing was; says how long to wait unless the next event is due before. */
        Duration nothing();
    }

    /** What it did. */
    public interface News {
        /** Events of that flow became claimable. */
        void promoted(int flow);

        /** An event was skipped for its deadline. */
        void skipped(Moved event);
    }

    /**
     * @param interval at most between looks while there is something to do
     * @param news whom it tells
     */
    public Promoter(Schedule schedule, Duration interval, Rest rest, News news) {
        this.schedule = schedule;
        this.interval = interval;
        this.rest = rest;
        this.news = news;
    }

    /** Promotes one batch; returns how long to idle. */
    public Duration cycle() {
        Promoted promoted = schedule.promote();
        promoted.flows().keySet().forEach(news::promoted);
        Optional<Duration> deadline = promoted.untilDeadline();
        boolean passed = deadline.filter(left -> !left.isPositive()).isPresent();
        if (passed) {
            schedule.expire().forEach(news::skipped); // what it left is found with the next look, which is soon
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
