package dev.millrace;

import dev.millrace.event.CallInterruptedException;
import dev.millrace.event.ConnectionException;
import org.jspecify.annotations.Nullable;

/** What a call does that declares {@link InterruptedException}: an interrupt before it or in it ends it by that. */
@FunctionalInterface
interface Interruptible<R extends @Nullable Object> {
    /** Does it. */
    R perform() throws InterruptedException;

    /** Does nothing if the thread is interrupted. */
    static <R extends @Nullable Object> R call(Interruptible<R> body) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("interrupted before the call began: nothing was done");
        }
        try {
            return body.perform();
        } catch (CallInterruptedException | ConnectionException e) {
            if (e instanceof CallInterruptedException || Thread.currentThread().isInterrupted()) {
                boolean unused = Thread.interrupted(); // as every method that throws this does
                var interrupted = new InterruptedException(e.getMessage());
                interrupted.initCause(e);
                throw interrupted;
            }
            throw e;
        }
    }
}
