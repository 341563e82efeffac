package dev.millrace.store;

/**
 * Where a claim begins to look in a lane: above this key, in the order in which events are claimed. What was claimed and
 * deleted leaves dead entries in the index until vacuum may remove them, and a scan from the front reads them all; above the
 * floor it reads few. Only a hint: what came in below it is found by a scan from the front.
 */
public record Floor(double priority, long position) {
    /** Below everything. */
    public static final Floor FRONT = new Floor(Double.NEGATIVE_INFINITY, -1);
}
