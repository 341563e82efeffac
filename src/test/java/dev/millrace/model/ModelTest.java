package dev.millrace.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The protocol is right in every state there is, and each protection in it is needed: without it the model fails. */
class ModelTest {
    private static final Path SPEC = Path.of("docs/spec");
    private static final Pattern EXPECTED = Pattern.compile("^(INVARIANT|PROPERTY) (\\w+)$", Pattern.MULTILINE);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"Safety", "Poison", "Liveness"})
    void product_inEveryState_keepsItsPromises(String configuration) throws Exception {
        Tlc.Verdict verdict = new Tlc(folder).check(SPEC.resolve(configuration + ".cfg"));

        assertThat(verdict.foundNoError()).as(verdict.output()).isTrue();
        assertThat(verdict.states()).as(verdict.output()).isGreaterThan(5_000);
        System.out.printf("model %s: %,d states%n", configuration, verdict.states());
    }

    static List<String> mutants() throws IOException {
        try (Stream<Path> files = Files.list(SPEC.resolve("mutants"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void mutant_withOneProtectionAway_breaksTheExpectedPromise(String configuration) throws Exception {
        Path file = SPEC.resolve("mutants").resolve(configuration);
        Matcher expected = EXPECTED.matcher(Files.readString(file));
        assertThat(expected.find()).as("names the promise it breaks").isTrue();

        Tlc.Verdict verdict = new Tlc(folder).check(file);

        assertThat(verdict.output())
                .contains(
                        expected.group(1).equals("INVARIANT")
                                ? "Error: Invariant " + expected.group(2) + " is violated."
                                : "Error: Temporal properties were violated.");
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void mutant_always_isCalledAsItsFile(String configuration) throws IOException {
        String text = Files.readString(SPEC.resolve("mutants").resolve(configuration));

        assertThat(text).contains("Mutant = \"" + configuration.replace(".cfg", "") + "\"");
        assertThat(Files.readString(SPEC.resolve("Millrace.tla")))
                .contains("Is(\"" + configuration.replace(".cfg", "") + "\")");
    }
}
