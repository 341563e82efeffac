package dev.millrace.store;

import java.sql.Connection;
import java.sql.SQLException;

/** What a caller's own connection must be for an append in its transaction. */
final class CallersConnection {
    private CallersConnection() {}

    /** @throws IllegalArgumentException if it is closed or in autocommit mode */
    static void requireTransaction(Connection connection) {
        try {
            if (connection.getAutoCommit()) {
                throw new IllegalArgumentException("the connection is in autocommit mode: an append in the caller's"
                        + " transaction needs one; call setAutoCommit(false) or append without a connection");
            }
        } catch (SQLException e) {
            throw new IllegalArgumentException("the connection cannot be used: " + e.getMessage(), e);
        }
    }

    /** Throws if the database refused a write on it because the caller had set it read-only. */
    static void requireWritable(Connection connection, RuntimeException refused) {
        if (SqlErrors.isReadOnly(refused) && isSetReadOnly(connection)) {
            throw new IllegalArgumentException(
                    "the connection is read-only: an append in the caller's transaction writes; begin one that is not",
                    refused);
        }
    }

    /** Whether its user made it read-only, and not the server. */
    static boolean isSetReadOnly(Connection connection) {
        try {
            return connection.isReadOnly();
        } catch (SQLException e) {
            return false; // it does not say
        }
    }
}
