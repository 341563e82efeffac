package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script with a Java and a Maven that only write down how they were called. */
class LauncherTest {
    private Path project;
    private Path java;
    private Path maven;

    private record Finished(int code, String out, String err) {}

    @BeforeEach
    void layOut(@TempDir Path folder) throws IOException {
        project = Files.createDirectories(folder.resolve("a folder with spaces"));
        Files.copy(Path.of("millrace"), project.resolve("millrace"));
        makeExecutable(project.resolve("millrace"));
        Files.writeString(project.resolve("pom.xml"), "<project/>");
        Files.createDirectories(project.resolve("src/main"));
        java = folder.resolve("my jdk");
        fakeJava(java, "25.0.1");
        maven = folder.resolve("mvn");
        script(maven, """
                echo "$@" >> built
                echo maven talks
                mkdir -p target/lib && touch target/millrace.jar
                """);
    }

    @Test
    void start_withoutAJar_buildsThenRunsAndKeepsStandardOutputClean() throws Exception {
        Finished finished = launch("demo", "--json", "two words");

        assertThat(finished.code).isZero();
        assertThat(finished.out).isEqualTo("""
                -cp|%1$s/target/millrace.jar:%1$s/target/lib/*|dev.millrace.cli.Main|demo|--json|two words|
                """.formatted(project.toRealPath()));
        assertThat(finished.err).contains("building").doesNotContain("maven talks");
        assertThat(project.resolve("built")).hasContent("-q -B -Dmaven.test.skip=true -Djacoco.skip package");
    }

    @Test
    void start_withAFreshJar_doesNotBuildAgainUntilASourceChanges() throws Exception {
        launch("first");
        launch("second");
        assertThat(project.resolve("built")).hasContent("-q -B -Dmaven.test.skip=true -Djacoco.skip package");

        Path source = Files.writeString(project.resolve("src/main/New.java"), "class New {}");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
        launch("third");

        assertThat(Files.readAllLines(project.resolve("built"))).hasSize(2);
    }

    @Test
    void start_twoAtOnceWithoutAJar_buildsOnce() throws Exception {
        Process one = process("one");
        Process two = process("two");

        assertThat(one.waitFor(60, TimeUnit.SECONDS) && two.waitFor(60, TimeUnit.SECONDS))
                .isTrue();
        assertThat(one.exitValue() + two.exitValue()).isZero();
        assertThat(project.resolve("built")).hasContent("-q -B -Dmaven.test.skip=true -Djacoco.skip package");
    }

    @Test
    void start_throughSymbolicLinks_findsItsProject() throws Exception {
        launch("build first");
        Path bin = Files.createDirectories(project.resolveSibling("bin"));
        Path relative = Files.createSymbolicLink(
                bin.resolve("relative"), bin.relativize(project).resolve("millrace"));
        Path chained = Files.createSymbolicLink(project.resolveSibling("chained"), relative.toAbsolutePath());

        Finished finished = finish(start(chained, "hello"));

        assertThat(finished.err).isEmpty();
        assertThat(finished.out).contains("|dev.millrace.cli.Main|hello|");
    }

    @Test
    void start_afterAFailedBuild_showsWhatMavenSaidAndExits() throws Exception {
        script(maven, """
                echo "[ERROR] it does not compile"
                exit 1
                """);

        Finished finished = launch("demo");

        assertThat(finished.code).isEqualTo(1);
        assertThat(finished.out).isEmpty();
        assertThat(finished.err).contains("it does not compile", "the build failed", "launcher-build.log");
    }

    @Test
    void start_withAnOldJavaHome_takesANewerJavaFromThePath() throws Exception {
        Path old = project.resolveSibling("old jdk");
        fakeJava(old, "17.0.15");
        ProcessBuilder builder = builder(project.resolve("millrace"), "hello");
        builder.environment().put("JAVA_HOME", old.toString());
        builder.environment().merge("PATH", java.resolve("bin") + ":", (path, added) -> added + path);

        Finished finished = finish(builder.start());

        assertThat(finished.code).isZero();
        assertThat(finished.out).contains("|dev.millrace.cli.Main|hello|");
    }

    private Finished launch(String... arguments) throws Exception {
        return finish(process(arguments));
    }

    private Process process(String... arguments) throws IOException {
        return start(project.resolve("millrace"), arguments);
    }

    private Process start(Path launcher, String... arguments) throws IOException {
        return builder(launcher, arguments).start();
    }

    private ProcessBuilder builder(Path launcher, String... arguments) throws IOException {
        ProcessBuilder builder = new ProcessBuilder();
        builder.command().add(launcher.toString());
        builder.command().addAll(List.of(arguments));
        builder.directory(project.getParent().toFile());
        builder.environment().put("JAVA_HOME", java.toString());
        builder.environment().put("MVN", maven.toString());
        builder.environment().remove("MILLRACE_JAVA_OPTS");
        return builder;
    }

    private static Finished finish(Process process) throws Exception {
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Finished(process.waitFor(), out, err);
    }

    /** A Java of that version which prints its arguments, each with a bar behind it. */
    private static void fakeJava(Path home, String version) throws IOException {
        Files.createDirectories(home.resolve("bin"));
        script(home.resolve("bin/java"), """
                if [ "$1" = -version ]; then echo 'openjdk version "%s" 2025-10-21' >&2; exit 0; fi
                printf '%%s|' "$@"
                echo
                """.formatted(version));
    }

    private static void script(Path file, String body) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + body);
        makeExecutable(file);
    }

    private static void makeExecutable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
