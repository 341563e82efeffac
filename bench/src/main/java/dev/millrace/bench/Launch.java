package dev.millrace.bench;

import dev.millrace.bench.child.ChildMain;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** How to start the processes that are measured. Confined to one thread. */
final class Launch {
    private static final int USUAL_HEAP_MB = 1_024;

    private final String url;
    private final Path logs;
    private final Path nodeFolder;
    private final AtomicInteger started = new AtomicInteger();
    private @Nullable NodeHome node;

    /**
     * Starts nothing yet.
     *
     * @param url the database, with user and password
     * @param logs where the processes' logs go
     * @param nodeFolder where to install the peers that live in Node
     */
    Launch(String url, Path logs, Path nodeFolder) {
        this.url = url;
        this.logs = logs;
        this.nodeFolder = nodeFolder;
    }

    /**
     * Sees to it that processes of that contender can be started.
     *
     * @return why not; null if they can
     */
    @Nullable
    String prepare(Contender contender) throws IOException, InterruptedException {
        if (contender.isNode() && node == null) {
            try {
                node = NodeHome.prepare(nodeFolder);
            } catch (NodeHome.Unavailable e) {
                return e.getMessage();
            }
        }
        return null;
    }

    /** Starts a process of a contender. */
    Child start(Contender contender) throws IOException, SQLException {
        return start(contender, USUAL_HEAP_MB);
    }

    /** Starts one, in a JVM with so much heap if it is Java. */
    Child start(Contender contender, int heapMb) throws IOException, SQLException {
        ProcessBuilder builder;
        if (contender.isNode()) {
            if (node == null) {
                throw new IllegalStateException(contender.label() + " has not been prepared");
            }
            builder = node.child(contender, url);
        } else {
            builder = java(contender, heapMb);
            builder.environment().put(ChildMain.URL, url);
        }
        return Child.start(
                contender.label(), builder, logs.resolve(contender.label() + "-" + started.incrementAndGet() + ".log"));
    }

    private static ProcessBuilder java(Contender contender, int heapMb) {
        return new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMb + "m",
                "-Dlogback.configurationFile=dev/millrace/bench/logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                ChildMain.class.getName(),
                contender.label()));
    }
}
