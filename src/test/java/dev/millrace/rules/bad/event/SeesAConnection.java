package dev.millrace.rules.bad.event;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;

/** The vocabulary with a pool in its hand. */
final class SeesAConnection {
    private SeesAConnection() {}

    static Connection borrow(HikariDataSource pool) throws SQLException {
        return pool.getConnection();
    }
}
