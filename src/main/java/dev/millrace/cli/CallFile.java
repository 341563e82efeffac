package dev.millrace.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A file of HTTP calls, one JSON object a line (JSONL), read from front to back in strict UTF-8. Blank lines are
 * passed over. A line that is wrong in any way comes out as {@link CallLine.Bad}, and reading goes on.
 *
 * <p>Confined to one thread; holds one line in memory at a time.
 */
final class CallFile implements AutoCloseable {
    /** The lines of a file, in its order. */
    record Calls(List<CallLine.Good> good, List<CallLine.Bad> bad) {}

    /** The longest line, in bytes. */
    static final int LONGEST_LINE = 1_000_000;

    private static final int LONGEST_REASON = 400;

    /** The byte order mark that some editors put at the start of a file. */
    private static final ByteBuffer MARK =
            ByteBuffer.wrap("\uFEFF".getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer();

    private final ByteLines lines;
    private final String flow;
    private final Consumer<HttpCall> check;
    private final CallParser parser = new CallParser();

    private CallFile(ByteLines lines, String flow, Consumer<HttpCall> check) {
        this.lines = lines;
        this.flow = flow;
        this.check = check;
    }

    /**
     * Opens one.
     *
     * @param flow the flow its events belong to, which their ids depend on
     * @throws IOException if it cannot be read
     */
    static CallFile open(Path path, String flow) throws IOException {
        return open(path, flow, call -> {});
    }

    private static CallFile open(Path path, String flow, Consumer<HttpCall> check) throws IOException {
        return new CallFile(new ByteLines(Files.newInputStream(path), LONGEST_LINE), flow, check);
    }

    /**
     * Reads a whole file.
     *
     * @param check throws an {@link IllegalArgumentException} for a call that is not to be made, with the reason
     */
    static Calls readAll(Path path, String flow, Consumer<HttpCall> check) throws IOException {
        List<CallLine.Good> good = new ArrayList<>();
        List<CallLine.Bad> bad = new ArrayList<>();
        try (CallFile file = open(path, flow, check)) {
            for (CallLine line = file.next(); line != null; line = file.next()) {
                switch (line) {
                    case CallLine.Good call -> good.add(call);
                    case CallLine.Bad refused -> bad.add(refused);
                }
            }
        }
        return new Calls(good, bad);
    }

    /** The next line that is not blank; null at the end. */
    @Nullable
    CallLine next() throws IOException {
        for (ByteLines.Line line = lines.next(); line != null; line = lines.next()) {
            if (!line.isBlank()) {
                return read(line);
            }
        }
        return null;
    }

    private CallLine read(ByteLines.Line line) {
        if (line.tooLong()) {
            return new CallLine.Bad(line.number(), "longer than " + LONGEST_LINE + " bytes");
        }
        try {
            CallParser.Parsed parsed = parser.parse(decode(line));
            check.accept(parsed.call());
            return new CallLine.Good(
                    line.number(), CallLine.idOf(flow, line.number(), line.content()), parsed.call(), parsed.terms());
        } catch (IllegalArgumentException e) {
            return new CallLine.Bad(line.number(), Text.printable(String.valueOf(e.getMessage()), LONGEST_REASON));
        }
    }

    private static String decode(ByteLines.Line line) {
        ByteBuffer in = line.content();
        if (line.offset() == 0
                && in.remaining() >= MARK.remaining()
                && in.slice(0, MARK.remaining()).equals(MARK)) {
            in.position(MARK.remaining());
        }
        CharBuffer out = CharBuffer.allocate(in.remaining());
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder(); // which reports what it cannot read
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            throw new IllegalArgumentException("not UTF-8 at byte %d of the line (byte %d of the file)"
                    .formatted(in.position() + 1, line.offset() + in.position() + 1));
        }
        return out.flip().toString();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
