package dev.millrace.rules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What the sources below a project folder must look like, as far as text tells. Each rule answers its violations, a
 * line each: the file, the line, what is wrong.
 *
 * @param project the folder that holds {@code src} and {@code db}
 */
record Sources(Path project) {
    private static final int MAX_LINES = 450;
    private static final Pattern SQL_IN_JAVA = Pattern.compile(
            "(?:\"|^)\\s*(select\\s|insert\\s+into\\s|delete\\s+from\\s|update\\s+\\S+\\s+set\\s|with\\s+\\w+\\s+as\\s)");

    /** Comments, strings and quoted names, which may be in any case. */
    private static final Pattern NOT_SQL_CODE =
            Pattern.compile("--[^\\n]*|/\\*.*?\\*/|'(?:[^']|'')*'|\"[^\"]*\"", Pattern.DOTALL);

    private static final Pattern UPPER_CASE_WORD = Pattern.compile("\\b[A-Z][A-Z_]+\\b");
    private static final Pattern SLEEP =
            Pattern.compile("\\bThread\\s*\\.\\s*sleep\\s*\\(|\\bTimeUnit\\b.*\\.sleep\\(");
    private static final Pattern SWITCHED_OFF = Pattern.compile("^\\s*@Disabled");
    private static final Pattern UNFINISHED = Pattern.compile("\\b(TO" + "DO|FIX" + "ME)\\b");

    List<String> longClasses() {
        return over("src/main/java", ".java", file -> {
            long lines = text(file).lines().count();
            return lines > MAX_LINES
                    ? List.of(name(file) + ": " + lines + " lines, at most " + MAX_LINES + "; split it by stage")
                    : List.of();
        });
    }

    /** SQL is read from files; only the command line, which runs a server, may have a statement of its own. */
    List<String> sqlInJava() {
        return over(
                "src/main/java",
                ".java",
                file -> name(file).startsWith("src/main/java/dev/millrace/cli/")
                        ? List.of()
                        : matches(file, text(file), SQL_IN_JAVA, "SQL belongs in store/*.sql"));
    }

    List<String> sqlWithoutHeader() {
        return overSql(file -> text(file).startsWith("-- ")
                ? List.of()
                : List.of(name(file) + ":1: starts without a -- comment that says what it does"));
    }

    List<String> sqlInUpperCase() {
        return overSql(file -> {
            // Blanks instead of what is left out, so that line numbers stay right.
            String code = NOT_SQL_CODE
                    .matcher(text(file))
                    .replaceAll(found -> found.group().replaceAll("[^\\n]", " "));
            return matches(file, code, UPPER_CASE_WORD, "SQL is written in lower case");
        });
    }

    List<String> sleepingTests() {
        return over("src/test/java", ".java", file -> matches(file, text(file), SLEEP, "await a signal, do not sleep"));
    }

    List<String> disabledTests() {
        return over(
                "src/test/java", ".java", file -> matches(file, text(file), SWITCHED_OFF, "a test that does not run"));
    }

    List<String> unfinishedPlaces() {
        return over("src", "", file -> matches(file, text(file), UNFINISHED, "finish it, or file an issue"));
    }

    private List<String> overSql(Function<Path, List<String>> rule) {
        return Stream.concat(over("src/main/resources", ".sql", rule).stream(), over("db", ".sql", rule).stream())
                .toList();
    }

    private List<String> over(String folder, String ending, Function<Path, List<String>> rule) {
        Path top = project.resolve(folder);
        if (!Files.exists(top)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(top)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .flatMap(file -> rule.apply(file).stream())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> matches(Path file, String text, Pattern pattern, String complaint) {
        List<String> violations = new ArrayList<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            Matcher matcher = pattern.matcher(line);
            if (matcher.find()) {
                violations.add(
                        name(file) + ":" + number + ": " + matcher.group().strip() + " (" + complaint + ")");
            }
        }
        return violations;
    }

    private String name(Path file) {
        return project.relativize(file).toString();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
