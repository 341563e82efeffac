package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;

/**
 * How to connect to a {@link LocalPostgres}.
 *
 * @param port on 127.0.0.1
 */
record LocalConnection(int port, String password) {
    static final String USER = "millrace";
    private static final String DATABASE = "postgres";

    /** The address, without the password. */
    String url() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + DATABASE;
    }

    String user() {
        return USER;
    }

    /** Waits until the server of that data folder answers; empty if it does not in time, or ends. */
    static Optional<LocalConnection> await(Path data, String password, Duration limit)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        for (Optional<Postmaster> server = Postmaster.of(data); server.isPresent(); server = Postmaster.of(data)) {
            LocalConnection connection = new LocalConnection(server.get().port(), password);
            if (connection.port > 0 && connection.reaches(data.toRealPath())) {
                return Optional.of(connection);
            }
            if (System.nanoTime() - deadline > 0) {
                return Optional.empty();
            }
            Thread.sleep(50);
        }
        return Optional.empty();
    }

    /** Whether the server keeps what it acknowledged when the machine fails. */
    boolean isSafe() throws IOException {
        try (Connection connection = open();
                Statement statement = connection.createStatement()) {
            return isOn(statement, "fsync")
                    && isOn(statement, "full_page_writes")
                    && isOn(statement, "synchronous_commit");
        } catch (SQLException e) {
            throw new IOException("cannot ask PostgreSQL on port " + port + " for its settings: " + e.getMessage(), e);
        }
    }

    private static boolean isOn(Statement statement, String setting) throws SQLException {
        return show(statement, setting).equals("on");
    }

    private static String show(Statement statement, String setting) throws SQLException {
        try (ResultSet rows = statement.executeQuery("show " + setting)) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** Whether this is the server of that folder, and not another's that has the port by now. */
    private boolean reaches(Path data) {
        try (Connection connection = open();
                Statement statement = connection.createStatement()) {
            return Path.of(show(statement, "data_directory")).equals(data);
        } catch (SQLException e) {
            return false; // still starting, or stopping
        }
    }

    private Connection open() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", USER);
        properties.setProperty("password", password);
        properties.setProperty("connectTimeout", "5");
        properties.setProperty("socketTimeout", "20");
        properties.setProperty("ApplicationName", "millrace-local");
        return DriverManager.getConnection(url(), properties);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return url();
    }
}
