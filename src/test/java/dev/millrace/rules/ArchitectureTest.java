package dev.millrace.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The main code keeps the rules, and each rule is seen to fail on a class of {@code bad} that breaks it. */
class ArchitectureTest {
    private static final String BASE = "dev.millrace";
    private static final String BAD_BASE = BASE + ".rules.bad";

    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(BASE);
    private static final JavaClasses BAD = new ClassFileImporter().importPackages(BAD_BASE);

    static List<ArchRule> arrows() {
        return new Arrows(BASE).rules();
    }

    static List<ArchRule> forbidden() {
        return Forbidden.rules();
    }

    @Test
    void mainCode_imported_isThere() {
        assertThat(MAIN.contain("dev.millrace.event.Event")).isTrue();
        assertThat(MAIN.contain("dev.millrace.rules.ArchitectureTest")).isFalse();
    }

    @ParameterizedTest
    @MethodSource({"arrows", "forbidden"})
    void mainCode_always_keepsTheRule(ArchRule rule) {
        rule.check(MAIN);
    }

    static Stream<Arguments> violations() {
        Arrows arrows = new Arrows(BAD_BASE);
        return Stream.of(
                Arguments.of("event.SeesTheStore", arrows.arrowsPointOneWay()),
                Arguments.of("work.SeesTheFrontDoor", arrows.arrowsPointOneWay()),
                Arguments.of("cli.SeesTheStore", arrows.arrowsPointOneWay()),
                Arguments.of("stray.NotInTheMap", arrows.arrowsPointOneWay()),
                Arguments.of("process.one.SeesTwo", arrows.subPackagesHaveNoCycles()),
                Arguments.of("process.SpeaksSql", arrows.jdbcStaysInTheStore()),
                Arguments.of("event.SeesAConnection", arrows.jdbcStaysInTheStore()),
                Arguments.of("Door", arrows.jdbcStaysInTheStore()),
                Arguments.of("process.SpeaksSql", arrows.only("org.jdbi", "store")),
                Arguments.of("event.SeesAConnection", arrows.only("com.zaxxer.hikari", "", "store", "cli")),
                Arguments.of("store.TurnsDataIntoCode", Forbidden.noType("java.io.ObjectInputStream")),
                Arguments.of("store.TurnsDataIntoCode", Forbidden.noType("javax.script.ScriptEngineManager")),
                Arguments.of("store.TurnsDataIntoCode", Forbidden.noType("javax.naming.InitialContext")),
                Arguments.of("store.TurnsDataIntoCode", Forbidden.noClassLoadingByName()),
                Arguments.of("store.TurnsDataIntoCode", Forbidden.noOpenTyping()),
                Arguments.of("store.MakesThreads", Forbidden.noThreadsFromElsewhere()),
                Arguments.of("store.MakesThreads", Forbidden.noExecutorsWithThreadsOfTheirOwn()),
                Arguments.of("store.NamesItsClass", Forbidden.noClassNamesInJsonOfTypes()),
                Arguments.of("store.NamesItsClass", Forbidden.noClassNamesInJsonOfMembers()));
    }

    @ParameterizedTest
    @DisplayName("12.2 each way to make a thread beside the factory is found")
    @ValueSource(
            strings = {
                "bare",
                "virtual",
                "platform",
                "timer",
                "parallel",
                "common",
                "pool",
                "executor",
                "async",
                "timeout",
                "late"
            })
    void badCode_makingThreads_isNamedByMethod(String method) {
        String report = String.join(
                "\n",
                Stream.of(Forbidden.noThreadsFromElsewhere(), Forbidden.noExecutorsWithThreadsOfTheirOwn())
                        .map(rule -> rule.evaluate(BAD).getFailureReport().toString())
                        .toList());

        assertThat(report).contains("MakesThreads." + method + "(").doesNotContain("MakesThreads.given");
    }

    @ParameterizedTest
    @MethodSource("violations")
    void badCode_breakingARule_isNamed(String badClass, ArchRule rule) {
        String report = rule.evaluate(BAD).getFailureReport().toString();

        assertThat(report).contains(BAD_BASE + "." + badClass);
    }

    @Test
    void goodCode_amongTheBad_isNotNamed() {
        String report = String.join(
                "\n",
                Stream.concat(new Arrows(BAD_BASE).rules().stream(), Forbidden.rules().stream())
                        .map(rule -> rule.evaluate(BAD).getFailureReport().toString())
                        .toList());

        assertThat(report).doesNotContain("bad.store.Good.live").doesNotContain("Door.passes");
    }
}
