package dev.millrace.bench;

/** What one round measured of the two sides, one after the other. */
record Pair(double ours, double theirs) {}
