package dev.millrace.rules.bad.store;

import java.sql.Connection;
import java.sql.SQLException;

/** What a store may do. */
public final class Good {
    private Good() {}

    /** Speaks SQL. */
    public static boolean live(Connection connection) throws SQLException {
        return connection.isValid(1);
    }
}
