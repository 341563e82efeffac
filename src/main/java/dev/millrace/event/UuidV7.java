package dev.millrace.event;

import java.security.SecureRandom;
import java.util.UUID;

/**
 * Makes UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, then random bits, so that new keys land at the right
 * edge of an index. Ids made here within one millisecond are in no particular order. Thread-safe.
 */
public final class UuidV7 {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int REFILL = 512;
    private static final ThreadLocal<Entropy> ENTROPY = ThreadLocal.withInitial(Entropy::new);

    private UuidV7() {}

    /** A new id from this JVM's clock. A clock that is wrong costs locality, never uniqueness. */
    public static UUID next() {
        Entropy entropy = ENTROPY.get();
        long millis = System.currentTimeMillis();
        long high = (millis << 16) | 0x7000L | (entropy.next() & 0x0FFFL);
        long low = (entropy.next() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }

    /** Random longs drawn from the secure source in blocks: one draw an id costs more than the id. */
    private static final class Entropy {
        private final byte[] block = new byte[REFILL];
        private int used = REFILL;

        long next() {
            if (used == REFILL) {
                RANDOM.nextBytes(block);
                used = 0;
            }
            long value = 0;
            for (int i = 0; i < Long.BYTES; i++) {
                value = (value << 8) | (block[used++] & 0xFF);
            }
            return value;
        }
    }
}
