package dev.millrace.event;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An output that keeps at most as many bytes as it may and refuses the rest, so that a value over the cap costs no more
 * memory than the cap. Told to, it goes on counting without keeping, to say how large the value is. Not thread-safe.
 */
final class BoundedBytes extends OutputStream {
    private final int capBytes;
    private final long giveUpAt;
    private final List<byte[]> chunks = new ArrayList<>(1);
    private long count;

    private BoundedBytes(int capBytes, long giveUpAt) {
        this.capBytes = capBytes;
        this.giveUpAt = giveUpAt;
    }

    /** Refuses at the first byte over the cap. */
    static BoundedBytes refusing(int capBytes) {
        return new BoundedBytes(capBytes, capBytes);
    }

    /** Counts on to the largest cap there is, and refuses there. */
    static BoundedBytes counting(int capBytes) {
        return new BoundedBytes(capBytes, Math.max(capBytes, Payloads.MAX_CAP_BYTES));
    }

    @Override
    public void write(int b) throws Refusal {
        write(new byte[] {(byte) b}, 0, 1);
    }

    /** Jackson writes its buffer of some 8 kB at a time, so a chunk a write is neither much copying nor many chunks. */
    @Override
    public void write(byte[] bytes, int from, int length) throws Refusal {
        count += length;
        if (count > giveUpAt) {
            chunks.clear();
            throw Refusal.tooLarge(capBytes);
        }
        if (count > capBytes) {
            chunks.clear();
        } else {
            chunks.add(Arrays.copyOfRange(bytes, from, from + length));
        }
    }

    boolean isOverCap() {
        return count > capBytes;
    }

    /** How many bytes were written, kept or not. */
    long count() {
        return count;
    }

    /** What was written, of which nothing may be over the cap. */
    byte[] bytes() {
        if (chunks.size() == 1) {
            return chunks.getFirst();
        }
        byte[] bytes = new byte[Math.toIntExact(count)];
        int at = 0;
        for (byte[] chunk : chunks) {
            System.arraycopy(chunk, 0, bytes, at, chunk.length);
            at += chunk.length;
        }
        chunks.clear();
        return bytes;
    }

    static String text(byte[] utf8) {
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
