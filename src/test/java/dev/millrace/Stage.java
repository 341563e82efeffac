package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.WithMillrace.Task;
import dev.millrace.work.Handler;
import dev.millrace.work.Run;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A handler whose runs the test lets go one by one, so that it can look while they run. Thread-safe. */
final class Stage implements Handler<Task> {
    private final Semaphore entered = new Semaphore(0);
    private final Semaphore released = new Semaphore(0);
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final List<String> names = new CopyOnWriteArrayList<>();

    @Override
    public Object handle(Task task, Run<Task> run) throws InterruptedException {
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        names.add(task.name());
        entered.release();
        try {
            released.acquire();
            return task.name();
        } finally {
            running.decrementAndGet();
        }
    }

    /** Waits until so many more have entered. */
    void awaitEntered(int more) throws InterruptedException {
        assertThat(entered.tryAcquire(more, WithMillrace.LONG.toSeconds(), TimeUnit.SECONDS))
                .as("%d more handlers should have been entered; %s were", more, names)
                .isTrue();
    }

    /** How many have entered that nobody waited for. */
    int enteredUnasked() {
        return entered.availablePermits();
    }

    /** Lets so many more go on to their end. */
    void release(int more) {
        released.release(more);
    }

    /** Lets all go on that ever come. */
    void releaseAll() {
        released.release(1_000_000);
    }

    /** How many run now. */
    int running() {
        return running.get();
    }

    /** The most that ran at once. */
    int most() {
        return most.get();
    }

    /** The names of those that entered, in that order. */
    List<String> names() {
        return List.copyOf(names);
    }
}
