package dev.millrace.rules.bad;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** The front door may pass a connection on, and may not speak SQL over it. */
public final class Door {
    private Door() {}

    static Connection passes(Connection connection) {
        return connection;
    }

    static void speaks(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("select 1");
        }
    }
}
