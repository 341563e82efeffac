package dev.millrace.maintain;

import dev.millrace.store.Schedule;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntConsumer;

/** Makes scheduled events claimable when their time has come. Any worker may, no leader is needed. Confined to one thread. */
public final class Promoter {
    private final Schedule schedule;
    private final Duration interval;
    private final IntConsumer whenPromoted;

    /**
     * @param interval between looks while nothing is due
     * @param whenPromoted hears of each flow that got events
     */
    public Promoter(Schedule schedule, Duration interval, IntConsumer whenPromoted) {
        this.schedule = schedule;
        this.interval = interval;
        this.whenPromoted = whenPromoted;
    }

    /** Promotes one batch; returns how long to idle. */
    public Duration cycle() {
        Map<Integer, Integer> promoted = schedule.promote();
        promoted.keySet().forEach(whenPromoted::accept);
        int total = promoted.values().stream().mapToInt(Integer::intValue).sum();
        return total == Schedule.BATCH ? Duration.ZERO : jittered();
    }

    private Duration jittered() {
        long nanos = interval.toNanos();
        return Duration.ofNanos(nanos / 2 + ThreadLocalRandom.current().nextLong(nanos));
    }
}
