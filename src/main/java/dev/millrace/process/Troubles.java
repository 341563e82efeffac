package dev.millrace.process;

import dev.millrace.store.SqlErrors;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where loops and handlers report what went wrong. Tells it to the log once a second for each cause, however many meet it:
 * an outage of the database is one cause for all loops. An error of the JVM itself, such as an OutOfMemoryError, is also
 * told to whoever must stop this worker, once. Thread-safe; one for all loops of a Millrace.
 */
public final class Troubles {
    private static final Logger log = LoggerFactory.getLogger(Troubles.class);
    private static final long LOG_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final String DATABASE = "database";

    private final ConcurrentHashMap<String, Told> told = new ConcurrentHashMap<>(); // classes of errors are few
    private final AtomicReference<@Nullable Throwable> fatal = new AtomicReference<>();
    private final Consumer<Throwable> whenFatal;

    /** @param whenFatal hears of the first error after which this JVM is not to be trusted, on the thread that met it */
    public Troubles(Consumer<Throwable> whenFatal) {
        this.whenFatal = whenFatal;
        check(new StackOverflowError()); // finds the classes it asks about, which takes memory the first time
    }

    /** When a cause was last told, and how often it has come since. */
    private record Told(long nanos, int since) {}

    /** Takes an error that the one named survives and tries again after. Never throws. */
    public void report(String who, Throwable error) {
        check(error); // first: where memory is short, the rest may throw
        try {
            tellSometimes(who, error);
        } catch (Throwable e) {
            check(e); // it could not be told; who reports it must live on all the same
        }
    }

    private void tellSometimes(String who, Throwable error) {
        boolean outage = SqlErrors.isTransient(error);
        String cause = outage ? DATABASE : error.getClass().getName();
        long now = System.nanoTime();
        int[] silent = {-1};
        told.compute(cause, (key, last) -> {
            if (last != null && now - last.nanos() < LOG_EVERY_NANOS) {
                return new Told(last.nanos(), last.since() + 1);
            }
            silent[0] = last == null ? 0 : last.since();
            return new Told(now, 0);
        });
        if (silent[0] >= 0) {
            tell(who, error, outage, silent[0]);
        }
    }

    private static void tell(String who, Throwable error, boolean outage, int silent) {
        if (outage) {
            log.warn(
                    "loop={} cannot use the database, will try again; others={} {}",
                    who,
                    silent,
                    SqlErrors.told(error));
        } else {
            log.warn("loop={} failed, will try again; others={}", who, silent, loggable(error));
        }
    }

    /** Looks whether an error, wherever it was met, is the JVM's own. Never throws. */
    void check(Throwable error) {
        if (isFatal(error) && fatal.compareAndSet(null, error)) {
            try {
                whenFatal.accept(error);
            } catch (Throwable e) {
                fatal.set(null); // there was no memory for what must be done; the next one tries again
            }
        }
    }

    /** The error, if the log can describe it; else one that says so. What applications throw may throw itself. */
    static Throwable loggable(Throwable error) {
        try {
            error.printStackTrace(new PrintWriter(Writer.nullWriter()));
            Objects.requireNonNull(error.getStackTrace(), "stack trace");
            return error;
        } catch (Throwable e) {
            return new IllegalStateException("an error of " + error.getClass() + " that cannot be described");
        }
    }

    /** An error after which this JVM is not to be trusted: out of memory, say, but not a stack that was too deep. */
    static boolean isFatal(Throwable error) {
        return error instanceof VirtualMachineError && !(error instanceof StackOverflowError);
    }
}
