package dev.millrace.bench;

/** What a figure counts, and which of two figures is the better. */
enum Unit {
    PER_SECOND("events/s", true),
    BYTES("B/event", false),
    MICROS("us/event", false),
    MILLIS("ms", false),
    MEGABYTES("MB", false);

    private final String label;
    private final boolean moreIsBetter;

    Unit(String label, boolean moreIsBetter) {
        this.label = label;
        this.moreIsBetter = moreIsBetter;
    }

    String label() {
        return label;
    }

    /** How much better ours is than theirs: over 1 is good for us, whichever way the figure counts. */
    double ratio(double ours, double theirs) {
        return moreIsBetter ? ours / theirs : theirs / ours;
    }
}
