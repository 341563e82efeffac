package dev.millrace.bench.child;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The benchmark's own statements, by path below {@code dev/millrace/bench}. Thread-safe. */
public final class Resources {
    private static final Map<String, String> READ = new ConcurrentHashMap<>();

    private Resources() {}

    /** The text of one. */
    public static String text(String path) throws IOException {
        String known = READ.get(path);
        if (known != null) {
            return known;
        }
        try (InputStream in = Resources.class.getResourceAsStream("/dev/millrace/bench/" + path)) {
            if (in == null) {
                throw new IOException("the benchmark has no resource " + path);
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            READ.put(path, text);
            return text;
        }
    }

    /** Runs one that asks for nothing. */
    public static void run(Connection connection, String path) throws IOException, SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(text(path));
        }
    }
}
