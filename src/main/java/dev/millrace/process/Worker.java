package dev.millrace.process;

import dev.millrace.store.JointTransactions;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What all executors of one process share as a worker.
 *
 * @param clocks times handlers out
 * @param forgotten is told of claims whose answer never came
 */
public record Worker(
        Lease lease,
        Books books,
        Suspects suspects,
        Settler settler,
        JointTransactions jointTransactions,
        Forgotten forgotten,
        Brake brake,
        ScheduledExecutorService clocks,
        Troubles troubles) {
    /** Whether anything new may be claimed now. */
    boolean mayClaim() {
        return lease.isSafe() && !brake.isPulled();
    }
}
