package dev.millrace.cli.torture;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The harness's own way to the database, past every proxy, and its own statements. Thread-safe. */
record Database(Server server) {
    /** What the harness's own sessions are called, which are spared. */
    static final String APPLICATION = "torture";

    private static final Map<String, String> STATEMENTS = new ConcurrentHashMap<>();

    String url() {
        return "jdbc:postgresql://127.0.0.1:" + server.port() + "/" + server.path() + "&ApplicationName=" + APPLICATION
                + "&connectTimeout=5";
    }

    /** A connection that the caller closes; in autocommit, unqualified names are the product's. */
    Connection connect() throws SQLException {
        return DriverManager.getConnection(url() + "&currentSchema=millrace");
    }

    /** The statement in the file of that name. */
    static String sql(String name) {
        return STATEMENTS.computeIfAbsent(name, Database::load);
    }

    private static String load(String name) {
        try (InputStream file = Database.class.getResourceAsStream(name + ".sql")) {
            if (file == null) {
                throw new IllegalArgumentException("no statement '" + name + "'");
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs one of the files with several statements and no answer. */
    void run(String name) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql(name));
        }
    }
}
