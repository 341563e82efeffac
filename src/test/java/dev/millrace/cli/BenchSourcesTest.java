package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The benchmark is built apart, with libraries that this build does not have. What of it can be compiled without them is
 * compiled here, so that a change to the product that breaks it is noticed at once, and offline.
 */
class BenchSourcesTest {
    private static final Path SOURCES = Path.of("bench/src/main/java");
    private static final Set<String> WITH_PEERS = Set.of("DbSchedulerEngine.java", "JobRunrEngine.java");
    private static final Pattern NAME = Pattern.compile("(?<!:):([a-z_]+)");

    @Test
    void benchSources_withoutTheirPeers_compileAgainstTheProduct(@TempDir Path classes) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        List<Path> files;
        try (Stream<Path> all = Files.walk(SOURCES)) {
            files = all.filter(file -> file.toString().endsWith(".java")).toList();
        }

        try (StandardJavaFileManager manager = compiler.getStandardFileManager(said, Locale.ROOT, null)) {
            compiler.getTask(
                            Writer.nullWriter(),
                            manager,
                            said,
                            List.of(
                                    "-proc:none",
                                    "-Xmaxerrs",
                                    "1000",
                                    "--should-stop=ifError=FLOW",
                                    "-d",
                                    "" + classes),
                            null,
                            manager.getJavaFileObjectsFromPaths(files))
                    .call();
        }

        assertThat(said.getDiagnostics())
                .filteredOn(one -> one.getKind() == Diagnostic.Kind.ERROR)
                .filteredOn(one -> one.getSource() == null
                        || !WITH_PEERS.contains(
                                Path.of(one.getSource().getName()).getFileName().toString()))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"append", "claim", "settle"})
    void benchFloor_statementOfTheProduct_bindsAllItsNames(String statement) throws IOException {
        String sql = Files.readString(Path.of("src/main/resources/dev/millrace/store/" + statement + ".sql"))
                .replaceAll("--[^\n]*", "");
        String floor = Files.readString(SOURCES.resolve("dev/millrace/bench/child/SqlEngine.java"));

        assertThat(NAME.matcher(sql).results().map(match -> match.group(1)).distinct())
                .as("what the benchmark's floor binds when it drives %s.sql", statement)
                .isNotEmpty()
                .allSatisfy(name -> assertThat(floor).contains('"' + name + '"'));
    }
}
