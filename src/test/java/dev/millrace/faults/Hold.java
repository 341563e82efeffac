package dev.millrace.faults;

import java.sql.Connection;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Holds a statement up at its moment until the test lets it go. Thread-safe. */
public final class Hold implements Fault {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    @Override
    public void strike(Connection physical) {
        reached.countDown();
        boolean interrupted = false;
        while (true) {
            try {
                released.await();
                break;
            } catch (InterruptedException e) { // a read from a socket does not hear it either
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until a statement is held. */
    public void awaitReached() throws InterruptedException {
        if (!reached.await(60, TimeUnit.SECONDS)) {
            throw new AssertionError("the statement was not reached within 60 s");
        }
    }

    /** Lets it go on. */
    public void release() {
        released.countDown();
    }
}
