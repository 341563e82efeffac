package dev.millrace.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** With each protection taken away its test fails, by the assertion that is meant to; with all of them none does. */
@NotPooled("its tests run in processes of their own, straight to the server")
@PostgresTest
class MutantTest {
    private static final Path DOCUMENT = Path.of("docs/reliability.md");
    private static final long PATIENCE_SECONDS = 60;

    private final TestDatabase database;

    @TempDir
    Path folder;

    MutantTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void catchers_ofTheProductAsItIs_pass() throws Exception {
        Set<String> catchers =
                Arrays.stream(Mutant.values()).map(Mutant::catcher).collect(Collectors.toCollection(TreeSet::new));

        String said = run(null, catchers);

        assertThat(said).doesNotContain(RunTests.FAILED);
        assertThat(said.lines().filter(line -> line.startsWith(RunTests.PASSED)))
                .hasSize(catchers.size());
    }

    @ParameterizedTest
    @EnumSource
    void catcher_ofTheMutant_fails(Mutant mutant) throws Exception {
        long begin = System.nanoTime();

        String said = run(mutant.build(folder.resolve("mutant")), List.of(mutant.catcher()));

        String asked = mutant.wireName() + " by " + mutant.catcher() + ": " + said;
        assertThat(said).as(asked).contains(RunTests.FAILED).doesNotContain(RunTests.PASSED);
        assertThat(said.substring(said.indexOf(RunTests.FAILED)).lines().skip(1).findFirst())
                .as(asked)
                .hasValueSatisfying(reason -> assertThat(reason).startsWith(RunTests.ASSERTION));
        assertThat(said).contains(mutant.symptom());
        System.out.printf(
                "mutant %s was caught by %s in %.1f s%n",
                mutant.wireName(), mutant.catcher(), (System.nanoTime() - begin) / 1e9);
    }

    @Test
    void document_always_namesEachMutantAndItsCatcher() throws IOException {
        String text = Files.readString(DOCUMENT);
        for (Mutant mutant : Mutant.values()) {
            String method = mutant.catcher().substring(mutant.catcher().indexOf('#') + 1);
            assertThat(text.lines().filter(line -> line.startsWith("| `" + mutant.wireName() + "` |")))
                    .as(mutant.wireName())
                    .singleElement()
                    .asString()
                    .contains(method);
        }
    }

    private String run(Path mutant, Collection<String> tests) throws IOException, InterruptedException {
        String product = System.getProperty("java.class.path");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                mutant == null ? product : mutant + File.pathSeparator + product,
                RunTests.class.getName()));
        command.addAll(tests);
        Path output = folder.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().putAll(database.environment()); // this server: another takes seconds
        Process process = builder.start();
        try {
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("%s ended", tests)
                    .isTrue();
            return Files.readString(output);
        } finally {
            process.destroyForcibly();
        }
    }
}
