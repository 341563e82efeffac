package dev.millrace.cli;

import dev.millrace.event.EventStatus;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Shows on standard error how far a run has come: two lines drawn again and again on a terminal, else a plain line
 * about every second. Confined to one thread.
 */
final class Progress {
    private static final long LINE_EVERY_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long MEASURE_EVERY_NANOS = Duration.ofSeconds(2).toNanos();
    private static final long PACE_WINDOW_NANOS = Duration.ofSeconds(5).toNanos();

    private final PrintStream err;
    private final Terminal terminal;
    private final LongSupplier nanoClock;
    private final long began;
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();
    private long lastLine;
    private long lastMeasured;
    private int width;
    private boolean drawn;

    /** How many calls were settled at a time; the pace is measured between two of these. */
    private record Mark(long nanos, long settled) {}

    /** One that writes to {@code err}; {@code nanoClock} is {@code System::nanoTime} outside tests. */
    Progress(PrintStream err, Terminal terminal, LongSupplier nanoClock) {
        this.err = err;
        this.terminal = terminal;
        this.nanoClock = nanoClock;
        this.began = nanoClock.getAsLong();
        this.lastLine = began - LINE_EVERY_NANOS;
        this.lastMeasured = began - MEASURE_EVERY_NANOS;
    }

    /** Shows these counts, unless a plain line was written less than a second ago and the run is not over. */
    Snapshot show(Map<EventStatus, Long> counts) {
        long now = nanoClock.getAsLong();
        Snapshot snapshot = new Snapshot(counts, Duration.ofNanos(now - began), pace(now, counts));
        if (terminal.interactive()) {
            draw(now, snapshot);
        } else if (now - lastLine >= LINE_EVERY_NANOS || snapshot.isDone()) {
            lastLine = now;
            err.println(ProgressText.plain(snapshot));
        }
        return snapshot;
    }

    private double pace(long now, Map<EventStatus, Long> counts) {
        long settled = new Snapshot(counts, Duration.ZERO, 0).settled();
        marks.addLast(new Mark(now, settled));
        while (marks.size() > 2 && now - marks.getFirst().nanos > PACE_WINDOW_NANOS) {
            marks.removeFirst();
        }
        Mark first = marks.getFirst();
        return now == first.nanos ? 0 : (settled - first.settled) * 1e9 / (now - first.nanos);
    }

    private void draw(long now, Snapshot snapshot) {
        if (now - lastMeasured >= MEASURE_EVERY_NANOS) {
            width = terminal.width();
            lastMeasured = now;
        }
        List<String> lines = ProgressText.drawn(snapshot, width, terminal);
        // The cursor rests below the drawing: what a shell or a signal writes there leaves it whole.
        err.print(
                (drawn ? "\u001b[2A" : "") + "\r\u001b[K" + lines.get(0) + "\n\u001b[K" + lines.get(1) + "\n\u001b[K");
        err.flush();
        drawn = true;
    }
}
