package dev.millrace.process;

import java.util.concurrent.ScheduledExecutorService;

/**
 * What all executors of one process share as a worker.
 *
 * @param clocks times handlers out
 */
public record Worker(
        Lease lease,
        Books books,
        Suspects suspects,
        Settler settler,
        ScheduledExecutorService clocks,
        Troubles troubles) {}
