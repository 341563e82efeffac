package dev.millrace.bench;

import java.util.Arrays;

/** A handful of measurements of the same thing, told by their median and extremes. */
record Spread(double median, double least, double most) {
    /** Of at least one measurement. */
    static Spread of(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Spread(quantile(sorted, 0.5), sorted[0], sorted[sorted.length - 1]);
    }

    /**
     * The value that a share of sorted values stays under, between two neighbours in proportion.
     *
     * @param share 0 to 1
     */
    static double quantile(double[] sorted, double share) {
        if (sorted.length == 0) {
            throw new IllegalArgumentException("no values");
        }
        double place = share * (sorted.length - 1);
        int below = (int) Math.floor(place);
        int above = (int) Math.ceil(place);
        return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
    }
}
