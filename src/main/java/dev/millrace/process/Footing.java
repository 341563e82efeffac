package dev.millrace.process;

import dev.millrace.store.Floor;
import java.util.concurrent.TimeUnit;

/**
 * Decides where the next claim begins to look: from the front, or above what the last claim took. A scan from the front
 * reads past every dead entry that vacuum has not been able to remove; one from the floor does not, but misses what came in
 * below it. So a scan from the front follows after four times as long as the last one took, at most a second, which keeps
 * them to a fifth of the time however slow they become; and after every claim that came back short. That is also the bound
 * on how long an urgent event may be overlooked. Thread-safe.
 */
final class Footing {
    private static final int TIMES_AS_LONG = 4;
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(1);

    private Floor floor = Floor.FRONT; // guarded by this
    private long frontDueNanos = System.nanoTime(); // guarded by this

    /** Where to look now. */
    synchronized Floor next() {
        return System.nanoTime() - frontDueNanos >= 0 ? Floor.FRONT : floor;
    }

    /**
     * How that went.
     *
     * @param asked where it looked
     * @param found just below the first event it took
     * @param isShort whether it took fewer than it wanted
     * @param tookNanos how long it took
     */
    synchronized void looked(Floor asked, Floor found, boolean isShort, long tookNanos) {
        long now = System.nanoTime();
        floor = found;
        if (isShort) {
            frontDueNanos = now;
        } else if (asked.equals(Floor.FRONT)) {
            frontDueNanos = now + Math.min(TIMES_AS_LONG * tookNanos, MOST_NANOS);
        }
    }
}
