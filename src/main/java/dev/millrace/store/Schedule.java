package dev.millrace.store;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Pending events that are not due yet. Thread-safe. */
public final class Schedule {
    /** Rows promoted in one statement. */
    public static final int BATCH = 1_000;

    private final Database database;
    private final Timekeeper time;

    /** The schedule of that database, by that clock. */
    public Schedule(Database database, Timekeeper time) {
        this.database = database;
        this.time = time;
    }

    /**
     * What a promotion did.
     *
     * @param flows how many events of which flow became claimable
     * @param untilNext in which time the next event is due; empty if none is scheduled
     * @param untilDeadline in which time the next deadline passes, zero or less if one has; empty if there is none
     */
    public record Promoted(
            Map<Integer, Integer> flows, Optional<Duration> untilNext, Optional<Duration> untilDeadline) {
        /** How many events became claimable. */
        public int total() {
            return flows.values().stream().mapToInt(Integer::intValue).sum();
        }
    }

    /** Makes up to {@link #BATCH} due events claimable. */
    public Promoted promote() {
        return database.onceOnly(handle -> {
            Map<Integer, Integer> flows = new HashMap<>();
            Optional<Duration> untilNext = Optional.empty();
            Optional<Duration> untilDeadline = Optional.empty();
            for (Row row : database.planned(handle, "promote")
                    .bind("batch", BATCH)
                    .bind("now", Binds.text(time.moment()))
                    .map((row, context) -> new Row(
                            (Integer) row.getObject("flow"),
                            row.getInt("n"),
                            (Double) row.getObject("seconds"),
                            (Double) row.getObject("deadline")))
                    .list()) {
                if (row.flow() != null) {
                    flows.put(row.flow(), row.n());
                } else {
                    untilNext = duration(row.seconds());
                    untilDeadline = duration(row.deadline());
                }
            }
            return new Promoted(Map.copyOf(flows), untilNext, untilDeadline);
        });
    }

    private static Optional<Duration> duration(@Nullable Double seconds) {
        return Optional.ofNullable(seconds).map(known -> Duration.ofNanos((long) (known * 1e9)));
    }

    /**
     * Skips what is pending although its deadline has passed.
     *
     * @return what it skipped, of up to {@link #BATCH} deadlines
     */
    public List<Moved> expire() {
        return database.onceOnly(handle -> database.planned(handle, "expire")
                .bind("batch", BATCH)
                .bind("now", Binds.text(time.moment()))
                .map((row, context) -> Moved.of(row))
                .list());
    }

    /** A flow's, or the last one's, as promote.sql has them. */
    private record Row(
            @Nullable Integer flow,
            int n,
            @Nullable Double seconds,
            @Nullable Double deadline) {}
}
