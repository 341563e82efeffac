package dev.millrace.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many calls may start in how long a time, such as 100 in 60 s.
 *
 * @param permits at least 1
 * @param per at least 10 ms
 */
record Rate(int permits, Duration per) {
    private static final Pattern SHAPE = Pattern.compile("\\s*(\\d{1,9})\\s*/\\s*(\\S+)\\s*");
    private static final Duration SHORTEST = Duration.ofMillis(10);

    Rate {
        if (permits < 1) {
            throw new IllegalArgumentException("a rate must allow at least 1 call, got " + permits);
        }
        if (per.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("a rate must span at least 10ms, got " + Durations.text(per));
        }
    }

    /**
     * Reads {@code 100/60s}, {@code 3/s} or {@code 100/1m}.
     *
     * @throws IllegalArgumentException saying what is wrong
     */
    static Rate parse(String text) {
        Matcher matcher = SHAPE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + Text.printable(text, 40) + "' is not a rate; write it like 100/60s, 3/s or 100/1m");
        }
        String per = matcher.group(2);
        boolean unitAlone = !Character.isDigit(per.charAt(0));
        return new Rate(Integer.parseInt(matcher.group(1)), Durations.parse(unitAlone ? "1" + per : per));
    }

    /** As it is typed: {@code 100/s}, {@code 100/60s}. */
    @Override
    public String toString() {
        if (per.toNanosPart() != 0) {
            return permits + "/" + per.toMillis() + "ms";
        }
        return permits + "/" + (per.toSeconds() == 1 ? "" : per.toSeconds()) + "s";
    }
}
