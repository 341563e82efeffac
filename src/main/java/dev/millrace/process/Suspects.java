package dev.millrace.process;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Lets this process hold one suspect at a time: an event that was with a worker when it died. So the next death points at
 * one event, and its neighbours are cleared one by one by living through a run. Thread-safe; one for all executors.
 */
public final class Suspects {
    private final AtomicBoolean held = new AtomicBoolean();

    /** Takes the one place, if it is free. */
    boolean tryEnter() {
        return held.compareAndSet(false, true);
    }

    /** Frees the place. */
    void leave() {
        held.set(false);
    }
}
