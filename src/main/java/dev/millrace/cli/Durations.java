package dev.millrace.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads and writes lengths of time as people type them: {@code 250ms}, {@code 5s}, {@code 1.5m}, {@code 2h}. */
final class Durations {
    private static final Pattern SHAPE = Pattern.compile("(\\d{1,12}(?:\\.\\d{1,9})?)(ms|s|m|h|d)?");
    private static final Duration LONGEST = Duration.ofDays(3650);

    private Durations() {}

    /**
     * Reads one; a bare number is seconds.
     *
     * @throws IllegalArgumentException saying what is wrong, if it is not a length of time, zero, or over ten years
     */
    static Duration parse(String text) {
        Matcher matcher = SHAPE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + Text.printable(text, 40) + "' is not a length of time; write it like 250ms, 5s, 1m or 2h");
        }
        String unit = matcher.group(2) == null ? "s" : matcher.group(2);
        BigDecimal nanos = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(nanosOf(unit)));
        if (nanos.compareTo(BigDecimal.ONE) < 0) {
            throw new IllegalArgumentException("'" + text + "' is too short; it must be longer than zero");
        }
        if (nanos.compareTo(BigDecimal.valueOf(LONGEST.toNanos())) > 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' is too long; it must be at most " + LONGEST.toDays() + "d");
        }
        return Duration.ofNanos(nanos.longValue());
    }

    /** The shortest way to write it for people: {@code 340ms}, {@code 4.2s}, {@code 3m05s}, {@code 2h04m}. */
    static String text(Duration duration) {
        long millis = duration.toMillis();
        if (millis < 1000) {
            return millis + "ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1fs", millis / 1000.0);
        }
        long seconds = duration.toSeconds();
        if (seconds < 3600) {
            return String.format(Locale.ROOT, "%dm%02ds", seconds / 60, seconds % 60);
        }
        return String.format(Locale.ROOT, "%dh%02dm", seconds / 3600, seconds % 3600 / 60);
    }

    private static long nanosOf(String unit) {
        return switch (unit) {
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            case "h" -> 3_600_000_000_000L;
            case "d" -> 86_400_000_000_000L;
            default -> throw new IllegalArgumentException("unknown unit " + unit);
        };
    }
}
