package dev.millrace.process;

import dev.millrace.store.Floor;
import java.util.concurrent.TimeUnit;

/**
 * Decides where the next claim begins to look: from the front, or above what the last claim took. A look from the front
 * reads past every dead entry that vacuum has not been able to remove; one from the floor does not, but misses what came in
 * below it. So a look from the front follows after nine times as long as the last one took more than is usual from the floor,
 * at most a second: they cost a tenth of the time however slow they become, and alternate with the others while they cost
 * nothing; and after every claim that came back short. That is also the bound on how long an urgent event may be
 * overlooked. Thread-safe.
 */
final class Footing {
    private static final int TIMES_AS_LONG = 9;
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(1);

    private Floor floor = Floor.FRONT; // guarded by this, as all below
    private long frontDueNanos = System.nanoTime();
    private boolean floorDue; // once at least between two looks from the front, to know what is usual
    private long usualNanos;

    /** Where to look now. */
    synchronized Floor next() {
        return floorDue || System.nanoTime() - frontDueNanos < 0 ? floor : Floor.FRONT;
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
        floorDue = false;
        if (isShort) {
            frontDueNanos = now;
        } else if (asked.equals(Floor.FRONT)) {
            floorDue = true;
            long more = Math.clamp(tookNanos - usualNanos, 0, MOST_NANOS);
            frontDueNanos = now + Math.min(TIMES_AS_LONG * more, MOST_NANOS);
        } else {
            usualNanos = usualNanos == 0 ? tookNanos : (3 * usualNanos + tookNanos) / 4;
        }
    }
}
