package dev.millrace.cli;

import dev.millrace.Millrace;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Notices SIGINT and SIGTERM while a command runs: the first has the command's Millrace closed with its grace, a second one
 * at once. The JVM then waits a bounded time for the command to report and put everything away; its own exit codes for the
 * signals stay (130 and 143). Thread-safe.
 */
final class Interruption implements AutoCloseable {
    /** For what comes after the grace: giving back, reporting, stopping a server of our own. */
    private static final Duration PUTTING_AWAY = Duration.ofSeconds(20);

    private static final long LOOK_EVERY_MILLIS = 50;
    private static final CountDownLatch WORK_DONE = new CountDownLatch(1);

    /** The JVM starts a thread of such a name for each signal; the first waits for our hook, the next ones for the first. */
    private static final Pattern SIGNAL = Pattern.compile("SIG[A-Z]+ handler");

    private final CountDownLatch requested = new CountDownLatch(1);
    private final Duration patience;
    private final Thread hook = Threads.user("millrace-interrupted", this::request);
    private volatile @Nullable Millrace closing;

    private Interruption(Duration patience) {
        this.patience = patience;
    }

    /** Starts to listen, until closed. */
    static Interruption listen() {
        return listen(Duration.ZERO);
    }

    /** Starts to listen, until closed, for a command that may take so long to stop. */
    static Interruption listen(Duration grace) {
        Interruption interruption = new Interruption(grace.plus(PUTTING_AWAY));
        Runtime.getRuntime().addShutdownHook(interruption.hook);
        return interruption;
    }

    /** The command has ended and closed what it used: a JVM that is ending need not wait any longer. */
    static void workIsDone() {
        WORK_DONE.countDown();
    }

    /** What a signal shall close from now on; the command closes it itself if it finds {@link #requested}. */
    void closes(Millrace millrace) {
        closing = millrace;
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
        Millrace millrace = closing;
        if (millrace != null) {
            aside(millrace::close); // the command may be waiting for a database that does not answer
        }
        try {
            if (!awaitWorkDone(millrace)) {
                System.err.println("millrace: did not come to a stop in " + patience.toSeconds() + " s; ending anyway");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Not the thread's end: a thread that calls System.exit while the JVM ends never comes back from it. */
    private boolean awaitWorkDone(@Nullable Millrace millrace) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        boolean hurried = false;
        while (System.nanoTime() - end < 0) {
            if (WORK_DONE.await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
                return true;
            }
            if (millrace != null && !hurried && isSignalledAgain()) {
                hurried = true;
                aside(() -> millrace.close(Duration.ZERO));
            }
        }
        return false;
    }

    private static boolean isSignalledAgain() {
        return Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> SIGNAL.matcher(thread.getName()).matches())
                        .count()
                > 1;
    }

    private static void aside(Runnable work) {
        Threads.startDaemon("millrace-closing", work);
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
