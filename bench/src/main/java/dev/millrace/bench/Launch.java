package dev.millrace.bench;

import dev.millrace.bench.child.ChildMain;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * How to start the processes that are measured.
 *
 * @param url the database, with user and password
 * @param folder where their logs go
 */
record Launch(String url, Path folder) {
    private static final int USUAL_HEAP_MB = 1_024;

    /** Starts a process of a contender. */
    Child start(Contender contender, int number) throws IOException {
        return java(contender, number, USUAL_HEAP_MB);
    }

    /** Starts one in a JVM with so much heap. */
    Child java(Contender contender, int number, int heapMb) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMb + "m",
                "-Dlogback.configurationFile=dev/millrace/bench/logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                ChildMain.class.getName(),
                contender.label()));
        builder.environment().put(ChildMain.URL, url);
        return Child.start(contender.label(), builder, folder.resolve(contender.label() + "-" + number + ".log"));
    }
}
