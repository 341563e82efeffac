package dev.millrace.cli;

import dev.millrace.event.EventStatus;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** How far a run has come, in words and as a bar. Pure: the same snapshot always reads the same. */
final class ProgressText {
    private static final String RESET = "\u001b[0m";
    private static final int NARROWEST_BAR = 10;
    private static final int WIDEST_BAR = 60;

    private ProgressText() {}

    /** One line for a log or a pipe. */
    static String plain(Snapshot snapshot) {
        return "%6s  %,d of %,d settled  %s  %s"
                .formatted(
                        Durations.text(snapshot.elapsed()),
                        snapshot.settled(),
                        snapshot.total(),
                        EventStatus.all().stream()
                                .map(status -> status + "=" + snapshot.count(status))
                                .collect(Collectors.joining(" ")),
                        pace(snapshot));
    }

    /** Two lines for a terminal, each at most {@code width} columns: the bar with the pace, and the seven counts. */
    static List<String> drawn(Snapshot snapshot, int width, Terminal terminal) {
        long percent = snapshot.total() == 0 ? 100 : snapshot.settled() * 100 / snapshot.total();
        String tail = " %3d%%  %,d/%,d  %s".formatted(percent, snapshot.settled(), snapshot.total(), pace(snapshot));
        int bar = Math.min(WIDEST_BAR, width - tail.length() - 3);
        String first = bar < NARROWEST_BAR ? tail.strip() : "[" + bar(percent, bar, terminal) + "]" + tail;
        return List.of(cut(first, width), counts(snapshot, width));
    }

    private static String pace(Snapshot snapshot) {
        String pace = String.format(Locale.ROOT, "%.1f/s", snapshot.perSecond());
        Duration remaining = snapshot.remaining();
        if (snapshot.isDone()) {
            return pace;
        }
        return pace + "  ETA " + (remaining == null ? "?" : Durations.text(remaining));
    }

    private static String bar(long percent, int width, Terminal terminal) {
        int full = (int) (percent * width / 100);
        return (terminal.unicode() ? "\u2588" : "#").repeat(full)
                + (terminal.unicode() ? "\u2591" : ".").repeat(width - full);
    }

    /** Whole names if they fit, else shortened ones; colours only where nothing has to be cut. */
    private static String counts(Snapshot snapshot, int width) {
        for (int letters : new int[] {10, 4, 1}) {
            List<String> words = EventStatus.all().stream()
                    .map(status -> word(status, letters) + " " + "%,d".formatted(snapshot.count(status)))
                    .toList();
            String line = String.join("  ", words);
            if (line.length() < width) {
                return coloured(words);
            }
        }
        long unsuccessful = EventStatus.unsuccessful().stream()
                .mapToLong(snapshot::count) // a timeout is cancelled
                .sum();
        return cut("%,d without success".formatted(unsuccessful), width);
    }

    private static String word(EventStatus status, int letters) {
        String name = status.wireName();
        return name.length() <= letters ? name : name.substring(0, letters);
    }

    private static String coloured(List<String> words) {
        StringBuilder line = new StringBuilder();
        for (EventStatus status : EventStatus.all()) {
            String word = words.get(status.ordinal());
            boolean none = word.endsWith(" 0");
            line.append(line.isEmpty() ? "" : "  ")
                    .append(none ? "\u001b[2m" : colour(status))
                    .append(word)
                    .append(RESET);
        }
        return line.toString();
    }

    private static String colour(EventStatus status) {
        return switch (status) {
            case PENDING, SKIPPED -> "\u001b[37m";
            case PROCESSING -> "\u001b[36m";
            case COMPLETED -> "\u001b[32m";
            case FAILED, ABORTED -> "\u001b[31m";
            case CANCELLED -> "\u001b[33m";
        };
    }

    private static String cut(String line, int width) {
        return line.length() < width ? line : line.substring(0, Math.max(0, width - 1));
    }
}
