package dev.millrace.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Splits a stream into lines without decoding it. A line ends with LF or CR LF; the ending belongs to no line. A line
 * longer than the limit is skipped to its end and reported without its content. Confined to one thread.
 */
final class ByteLines implements AutoCloseable {
    private static final int BUFFER = 64 * 1024;

    private final InputStream in;
    private final int limit;
    private final byte[] buffer = new byte[BUFFER];
    private int from;
    private int to;
    private long offset;
    private int number;

    /**
     * One line.
     *
     * @param number from 1
     * @param offset of its first byte in the stream
     * @param content its bytes without the line's ending; empty if the line was too long
     */
    record Line(int number, long offset, ByteBuffer content, boolean tooLong) {
        /** The bytes, to be read once: each call answers a buffer at their start. */
        @Override
        public ByteBuffer content() {
            return content.duplicate();
        }

        /** Whether it is empty or holds only spaces and tabs. */
        boolean isBlank() {
            ByteBuffer rest = content();
            while (rest.hasRemaining()) {
                byte b = rest.get();
                if (b != ' ' && b != '\t') {
                    return false;
                }
            }
            return !tooLong;
        }
    }

    /** Lines of {@code in}, which is closed with this, of at most {@code limit} bytes each. */
    ByteLines(InputStream in, int limit) {
        this.in = in;
        this.limit = limit;
    }

    /** The next line; null at the end. */
    @Nullable
    Line next() throws IOException {
        if (from == to && !fill()) {
            return null;
        }
        long start = offset;
        boolean tooLong = false;
        boolean ended = false;
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (!ended && (from < to || fill())) {
            int end = from;
            while (end < to && buffer[end] != '\n') {
                end++;
            }
            ended = end < to;
            int length = end - from;
            tooLong |= line.size() + length > limit + 1; // one more, for the CR that may follow
            if (!tooLong) {
                line.write(buffer, from, length);
            }
            int consumed = ended ? length + 1 : length;
            from += consumed;
            offset += consumed;
        }
        byte[] bytes = line.toByteArray();
        boolean endedWithReturn = ended && bytes.length > 0 && bytes[bytes.length - 1] == '\r';
        int length = endedWithReturn ? bytes.length - 1 : bytes.length;
        tooLong |= length > limit;
        number++;
        return new Line(number, start, ByteBuffer.wrap(bytes, 0, tooLong ? 0 : length), tooLong);
    }

    private boolean fill() throws IOException {
        int read = in.read(buffer);
        from = 0;
        to = Math.max(read, 0);
        return read > 0;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
