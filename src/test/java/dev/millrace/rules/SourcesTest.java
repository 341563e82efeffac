package dev.millrace.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The project's sources keep the rules, and each rule is seen to fail on a source that breaks it. */
class SourcesTest {
    private static final String STORE = "src/main/resources/dev/millrace/store/";

    @TempDir
    Path folder;

    static Stream<Arguments> rules() {
        return Stream.of(
                rule("longClasses", Sources::longClasses),
                rule("sqlInJava", Sources::sqlInJava),
                rule("sqlWithoutHeader", Sources::sqlWithoutHeader),
                rule("sqlInUpperCase", Sources::sqlInUpperCase),
                rule("sleepingTests", Sources::sleepingTests),
                rule("disabledTests", Sources::disabledTests),
                rule("unfinishedPlaces", Sources::unfinishedPlaces));
    }

    private static Arguments rule(String name, Function<Sources, List<String>> rule) {
        return Arguments.of(name, rule);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void project_always_keepsTheRule(String name, Function<Sources, List<String>> rule) {
        Path project = Path.of("").toAbsolutePath();
        assertThat(project.resolve("src/main/java")).isDirectory();

        assertThat(rule.apply(new Sources(project))).as(name).isEmpty();
    }

    @Test
    void longClasses_at451Lines_namesFileAndLength() throws IOException {
        write("src/main/java/Fits.java", "//\n".repeat(450));
        write("src/main/java/TooLong.java", "//\n".repeat(451));

        assertThat(sources().longClasses()).singleElement().asString().contains("TooLong.java: 451 lines");
    }

    @Test
    void sqlInJava_inAStringOrTextBlock_namesTheLine() throws IOException {
        write("src/main/java/A.java", "\nString a = \"select id from event\";\n// \"select\" alone is a word\n");
        write("src/main/java/B.java", "String b = \"\"\"\n    delete from event\n    \"\"\";\n");
        write("src/main/java/dev/millrace/cli/Server.java", "\"select 1\"");

        assertThat(sources().sqlInJava())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("src/main/java/A.java:2:"),
                        line -> assertThat(line).startsWith("src/main/java/B.java:2:"));
    }

    @Test
    void sqlWithoutHeader_namesTheFile() throws IOException {
        write(STORE + "claim.sql", "-- claim: hands out events\nselect 1\n");
        write(STORE + "bare.sql", "select 1\n");
        write("db/migration/V1__x.sql", "create table x ();\n");

        assertThat(sources().sqlWithoutHeader())
                .hasSize(2)
                .anySatisfy(line -> assertThat(line).contains("bare.sql:1"));
    }

    @Test
    void sqlInUpperCase_outsideStringsAndComments_namesTheWord() throws IOException {
        write(STORE + "claim.sql", "-- SELECT is fine here\n/* AND\nhere */ select 'NOT here', \"NOR\"\n");
        write(STORE + "loud.sql", "-- loud\nselect 'it''s'\nFROM event\n");

        assertThat(sources().sqlInUpperCase()).singleElement().asString().contains("loud.sql:3: FROM");
    }

    @Test
    void sleepingTests_disabledTests_unfinishedPlaces_areNamed() throws IOException {
        write("src/test/java/A.java", "Thread." + "sleep(1);\n  @" + "Disabled\n// TO" + "DO later\n");

        assertThat(sources().sleepingTests()).singleElement().asString().contains("A.java:1");
        assertThat(sources().disabledTests()).singleElement().asString().contains("A.java:2");
        assertThat(sources().unfinishedPlaces()).singleElement().asString().contains("A.java:3");
    }

    private Sources sources() {
        return new Sources(folder);
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
