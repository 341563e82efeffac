package dev.millrace.process;

import dev.millrace.store.JointTransactions;
import dev.millrace.store.PayloadMemory;
import dev.millrace.store.Timekeeper;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What all executors of one process share as a worker.
 *
 * @param clocks times handlers out
 * @param forgotten is told of claims whose answer never came
 * @param memory for payloads
 * @param time by which events are due and deadlines pass
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
        Troubles troubles,
        PayloadMemory memory,
        Timekeeper time) {
    /** Whether anything new may be claimed now. */
    boolean mayClaim() {
        return lease.isSafe() && !brake.isPulled();
    }
}
