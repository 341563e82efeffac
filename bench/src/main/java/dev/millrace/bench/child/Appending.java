package dev.millrace.bench.child;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** Appends single events, each in a transaction of its own. */
final class Appending {
    private Appending() {}

    /** As fast as that many clients can, sharing the work. */
    static void by(Engine engine, int count, int clients, String fill) throws Exception {
        AtomicInteger next = new AtomicInteger();
        AtomicReference<Exception> failure = new AtomicReference<>();
        Thread[] threads = new Thread[clients];
        for (int c = 0; c < clients; c++) {
            threads[c] = Thread.ofPlatform().name("client-" + c).start(() -> {
                try {
                    for (int n = next.getAndIncrement(); n < count; n = next.getAndIncrement()) {
                        engine.append(new Job(n, fill));
                    }
                } catch (Exception e) {
                    failure.set(e);
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Exception failed = failure.get();
        if (failed != null) {
            throw failed;
        }
    }

    /**
     * One after the other, an interval apart; one that is late is appended at once.
     *
     * @return number and moment of acknowledgement of each, such as {@code 0:123 1:456}
     */
    static String paced(Engine engine, int count, int intervalMicros) throws Exception {
        long began = System.nanoTime();
        StringBuilder acknowledged = new StringBuilder();
        for (int n = 0; n < count; n++) {
            long due = began + TimeUnit.MICROSECONDS.toNanos((long) n * intervalMicros);
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            engine.append(new Job(n, ""));
            acknowledged.append(' ').append(n).append(':').append(System.nanoTime());
        }
        return acknowledged.toString();
    }
}
