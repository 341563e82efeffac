package dev.millrace.store;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A pool's connections, for who begins transactions by itself, as a migration does: none that is in the middle of a transaction of
 * others. Where transactions may not write by default, the session of one that is lent lets them until it is closed; not for a
 * proxy that pools transactions. Thread-safe.
 */
final class WritableSessions {
    private final Database database;
    private final boolean readOnlyByDefault;

    private WritableSessions(Database database, boolean readOnlyByDefault) {
        this.database = database;
        this.readOnlyByDefault = readOnlyByDefault;
    }

    static DataSource of(Database database, boolean readOnlyByDefault) {
        return new WritableSessions(database, readOnlyByDefault).proxy();
    }

    private DataSource proxy() {
        DataSource pool = database.dataSource();
        return proxy(DataSource.class, (self, method, arguments) -> {
            Object answer = call(pool, method, arguments);
            return answer instanceof Connection connection ? lent(connection) : answer;
        });
    }

    private Connection lent(Connection connection) throws SQLException {
        boolean accepted = false;
        try {
            BorrowCheck.requireNoTransaction(connection);
            if (!readOnlyByDefault) {
                accepted = true;
                return connection;
            }
            execute(connection, "allow_writes");
            accepted = true;
        } finally {
            if (!accepted) {
                connection.close();
            }
        }
        return proxy(Connection.class, (self, method, arguments) -> {
            if (!method.getName().equals("close") || connection.isClosed()) {
                return call(connection, method, arguments);
            }
            try (connection) {
                execute(connection, "deny_writes");
                return null;
            }
        });
    }

    private void execute(Connection connection, String name) throws SQLException {
        boolean autoCommit = connection.getAutoCommit();
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement()) {
            statement.execute(database.sql(name));
        }
        connection.setAutoCommit(autoCommit);
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static @Nullable Object call(Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
