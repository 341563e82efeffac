package dev.millrace.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Notices SIGINT and SIGTERM while a command runs. The JVM then waits a bounded time for the command to stop, report
 * and put everything away; its own exit codes for the signals stay (130 and 143). Thread-safe.
 */
final class Interruption implements AutoCloseable {
    private static final long GRACE_SECONDS = 25;
    private static final CountDownLatch WORK_DONE = new CountDownLatch(1);

    private final CountDownLatch requested = new CountDownLatch(1);
    private final Thread hook = new Thread(this::request, "millrace-interrupted");

    private Interruption() {}

    /** Starts to listen, until closed. */
    static Interruption listen() {
        Interruption interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        return interruption;
    }

    /** The command has ended and closed what it used: a JVM that is ending need not wait any longer. */
    static void workIsDone() {
        WORK_DONE.countDown();
    }

    /** Whether the command shall stop. */
    boolean requested() {
        return requested.getCount() == 0;
    }

    /** Waits until it shall stop. */
    void await() throws InterruptedException {
        requested.await();
    }

    /** Waits at most so long; answers whether it shall stop. */
    boolean await(long millis) throws InterruptedException {
        return requested.await(millis, TimeUnit.MILLISECONDS);
    }

    private void request() {
        requested.countDown();
        try {
            // Not the thread's end: a thread that calls System.exit while the JVM ends never comes back from it.
            boolean done = WORK_DONE.await(GRACE_SECONDS, TimeUnit.SECONDS);
            if (!done) {
                System.err.println("millrace: did not come to a stop in " + GRACE_SECONDS + " s; ending anyway");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops listening. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending already; the hook runs and waits for workIsDone.
        }
    }
}
