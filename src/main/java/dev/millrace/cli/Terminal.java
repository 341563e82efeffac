package dev.millrace.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * What standard error is connected to: whether a person looks at it, how wide it is, and whether it takes colours and
 * characters beyond ASCII.
 *
 * @param interactive whether it is a terminal
 * @param colours whether escape sequences for colours are welcome: on a terminal without {@code NO_COLOR}
 * @param unicode whether block characters can be shown
 */
record Terminal(boolean interactive, boolean colours, boolean unicode) {
    private static final int USUAL_WIDTH = 80;

    /** The one this process has. */
    static Terminal ofStandardError(PrintStream err) {
        boolean interactive = isTerminal() && !"dumb".equals(System.getenv("TERM"));
        String noColour = System.getenv("NO_COLOR");
        boolean colours = interactive && (noColour == null || noColour.isEmpty());
        boolean unicode = err.charset().newEncoder().canEncode('\u2588');
        return new Terminal(interactive, colours, unicode);
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
