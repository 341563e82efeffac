package dev.millrace.cli;

import dev.millrace.event.Names;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;

/** Names the flow that holds a file's calls. */
final class FlowName {
    private static final int SHOWN_OF_FILE = 100;
    private static final int HASH_BYTES = 4;

    private FlowName() {}

    /** The file's name and a hash of where it really is: the same file has one flow, however it is named. */
    static String of(Path file) throws IOException {
        Path real = file.toRealPath();
        byte[] hash = CallLine.sha256().digest(real.toString().getBytes(StandardCharsets.UTF_8));
        return Text.printable(String.valueOf(real.getFileName()), SHOWN_OF_FILE).strip() + "-"
                + HexFormat.of().formatHex(hash, 0, HASH_BYTES);
    }

    /** That name, if it can be one. */
    static String checked(String name) {
        try {
            return Names.check("flow", name);
        } catch (IllegalArgumentException e) {
            throw new BadInputException("--flow: " + e.getMessage());
        }
    }
}
