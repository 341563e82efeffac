package dev.millrace.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * What standard error is connected to: whether a drawing is welcome there, how wide it is, and whether it takes
 * characters beyond ASCII.
 *
 * @param interactive whether it is a terminal that takes escape sequences; {@code NO_COLOR} says that it shall not
 * @param unicode whether block characters can be shown
 */
record Terminal(boolean interactive, boolean unicode) {
    private static final int USUAL_WIDTH = 80;

    /** The one this process has. */
    static Terminal ofStandardError(PrintStream err) {
        String noColour = System.getenv("NO_COLOR");
        boolean plain = (noColour != null && !noColour.isEmpty()) || "dumb".equals(System.getenv("TERM"));
        boolean unicode = err.charset().newEncoder().canEncode('\u2588');
        return new Terminal(!plain && isTerminal(), unicode);
    }

    private static boolean isTerminal() {
        try {
            return new ProcessBuilder("test", "-t", "2")
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false; // a system without that program
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** How many columns it has now; 80 if nothing tells. */
    int width() {
        if (!interactive) {
            return USUAL_WIDTH;
        }
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(Path.of("/dev/tty").toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            stty.waitFor(1, TimeUnit.SECONDS);
            int columns = Integer.parseInt(size.substring(size.indexOf(' ') + 1)); // after the rows
            return columns > 0 ? columns : USUAL_WIDTH;
        } catch (IOException | NumberFormatException e) {
            return USUAL_WIDTH;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return USUAL_WIDTH;
        }
    }
}
