package dev.millrace.store;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The memory that this process has for payloads of claimed events. A claim brings small payloads along; what is small depends on
 * how many events may be held, so that all of them fit. A large payload is fetched for itself once there is room for its text and for
 * what is made of that; one that is larger than all the memory is fetched alone. Thread-safe.
 */
public final class PayloadMemory {
    /** How many times the memory of its text a payload takes while it is read: text, what the parser keeps, and the object. */
    private static final int WHILE_READ = 6;

    /** As {@link #WHILE_READ}, from then on. */
    private static final int ONCE_READ = 2;

    private static final int LEAST_INLINE = 8 << 10;
    private static final int LEAST_COMPRESSED = 2 << 10;

    /** How much smaller a compressed payload must be to be brought along: PostgreSQL compresses up to ninety times. */
    private static final int COMPRESSION = 16;

    private static final int UNIT = 1 << 10;
    private static final long LOOK_MILLIS = 100;

    private final int units;
    private final Semaphore free;

    /** @param bytes at least one KiB */
    public PayloadMemory(long bytes) {
        this.units = Math.clamp(bytes / UNIT, 1, Integer.MAX_VALUE);
        this.free = new Semaphore(units, true);
    }

    /** Half of the JVM's largest heap, in bytes. */
    public static long halfOfHeap() {
        return Runtime.getRuntime().maxMemory() / 2;
    }

    /**
     * Which payloads a claim brings along.
     *
     * @param plain the most bytes that one takes in the table, not compressed
     * @param compressed the same, compressed
     */
    public record Inline(int plain, int compressed) {
        /** All. */
        public static final Inline ALL = new Inline(Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    /** What a claim brings along for an executor that holds at most so many events. */
    public Inline inline(int held) {
        long each = (long) units * UNIT / WHILE_READ / held;
        return new Inline(
                Math.clamp(each, LEAST_INLINE, Integer.MAX_VALUE),
                Math.clamp(each / COMPRESSION, LEAST_COMPRESSED, Integer.MAX_VALUE));
    }

    /** Room that was taken for one payload. */
    public final class Room {
        private final int whileRead;
        private final int onceRead;
        private boolean read; // guarded by this
        private boolean left; // guarded by this

        private Room(long textBytes) {
            this.whileRead = units(textBytes * WHILE_READ);
            this.onceRead = units(textBytes * ONCE_READ);
        }

        /** The payload has been read: its text is gone. */
        public synchronized void read() {
            if (!read && !left) {
                read = true;
                free.release(whileRead - onceRead);
            }
        }

        /** The payload is gone. */
        public synchronized void leave() {
            if (!left) {
                left = true;
                free.release(read ? onceRead : whileRead);
            }
        }
    }

    private int units(long bytes) {
        return Math.clamp(bytes / UNIT, 1, units);
    }

    /**
     * Waits for room.
     *
     * @param textBytes of the payload's text
     * @param gone whether it is not wanted any more
     * @return the room; null if it is not wanted any more
     */
    public @Nullable Room take(long textBytes, BooleanSupplier gone) throws InterruptedException {
        Room room = new Room(textBytes);
        while (!gone.getAsBoolean()) {
            if (free.tryAcquire(room.whileRead, LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                return room;
            }
        }
        return null;
    }
}
