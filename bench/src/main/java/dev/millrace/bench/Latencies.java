package dev.millrace.bench;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * How long events waited between two moments, in milliseconds.
 *
 * @param p50 half waited at most so long
 * @param p95 of a hundred, 95
 * @param p99 of a hundred, 99
 */
record Latencies(double p50, double p95, double p99) {
    /** What a wait is at least said to be: a handler may start before the append's acknowledgement is read. */
    static final double LEAST = 0.001;

    private static final Pattern SPACE = Pattern.compile(" ");

    /**
     * Of numbered moments such as {@code 0:123 1:456}, in nanoseconds of one clock.
     *
     * @throws IllegalArgumentException if an event has a beginning and no end
     */
    static Latencies between(String beginnings, String ends) {
        Map<Integer, Long> ended = moments(ends);
        double[] waits = moments(beginnings).entrySet().stream()
                .mapToDouble(begun -> {
                    Long end = ended.get(begun.getKey());
                    if (end == null) {
                        throw new IllegalArgumentException("event " + begun.getKey() + " never started");
                    }
                    return Math.max(LEAST, (end - begun.getValue()) / 1e6);
                })
                .toArray();
        Arrays.sort(waits);
        return new Latencies(Spread.quantile(waits, 0.5), Spread.quantile(waits, 0.95), Spread.quantile(waits, 0.99));
    }

    private static Map<Integer, Long> moments(String text) {
        Map<Integer, Long> moments = new HashMap<>();
        SPACE.splitAsStream(text.strip()).filter(word -> !word.isEmpty()).forEach(word -> {
            int colon = word.indexOf(':');
            moments.put(Integer.valueOf(word.substring(0, colon)), Long.valueOf(word.substring(colon + 1)));
        });
        return moments;
    }
}
