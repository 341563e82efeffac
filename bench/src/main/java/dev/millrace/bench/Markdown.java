package dev.millrace.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A run's results as a table in Markdown, put between two marks of a file so that the words around it stay. */
final class Markdown {
    static final String BEGIN = "<!-- bench:begin -->";
    static final String END = "<!-- bench:end -->";

    private Markdown() {}

    /** Replaces what is between the marks; a file that does not exist is made. */
    static void write(Path file, List<Result> results, Map<String, ?> common) throws IOException {
        String table = BEGIN + "\n" + table(results, common) + END;
        String before = Files.exists(file) ? Files.readString(file) : BEGIN + "\n" + END + "\n";
        int begin = before.indexOf(BEGIN);
        int end = before.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException(file + " has no lines " + BEGIN + " and " + END + " to put the table between");
        }
        Files.writeString(file, before.substring(0, begin) + table + before.substring(end + END.length()));
    }

    /** Whether a file can take a table. */
    static boolean takes(Path file) throws IOException {
        if (!Files.exists(file)) {
            Path folder = file.toAbsolutePath().getParent();
            return folder != null && Files.isDirectory(folder);
        }
        String text = Files.readString(file);
        return text.contains(BEGIN) && text.indexOf(BEGIN) < text.indexOf(END);
    }

    private static String table(List<Result> results, Map<String, ?> common) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("```sh");
        lines.add(String.valueOf(common.get("command")));
        lines.add("```");
        lines.add("");
        common.forEach((name, value) -> {
            if (!name.equals("command")) {
                lines.add("- " + name.replace('_', ' ') + ": " + value);
            }
        });
        lines.add("");
        lines.add("| case | against | ours | theirs | unit | ratio | rounds' ratios |");
        lines.add("| --- | --- | ---: | ---: | --- | ---: | --- |");
        results.forEach(result -> lines.add(row(result)));
        lines.add("");
        lines.add("Set up as follows:");
        lines.add("");
        Set<Object> setUps = new LinkedHashSet<>();
        results.forEach(result -> setUps.add(result.settings().get("our_setup")));
        results.forEach(result -> setUps.add(result.settings().get("their_setup")));
        setUps.remove(null);
        setUps.forEach(setUp -> lines.add("- " + setUp));
        lines.add("");
        return String.join("\n", lines) + "\n";
    }

    private static String row(Result result) {
        if (result.skipped() != null) {
            return "| %s | %s | | | | | skipped: %s |".formatted(Output.name(result), result.peer(), result.skipped());
        }
        Spread ratio = result.ratio();
        return "| %s | %s | %s | %s | %s | **%s** | %s – %s |"
                .formatted(
                        Output.name(result),
                        result.peer(),
                        Output.number(result.ours().median()),
                        Output.number(result.theirs().median()),
                        result.of().unit().label(),
                        Output.ratio(ratio.median()),
                        Output.ratio(ratio.least()),
                        Output.ratio(ratio.most()));
    }
}
