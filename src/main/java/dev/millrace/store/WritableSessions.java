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
 * A pool's connections, for who begins transactions without asking to write where they may not by default, as a migration does. The
 * session of one that is lent lets them until it is closed; not for a proxy that pools transactions. Thread-safe.
 */
final class WritableSessions {
    private final Database database;

    private WritableSessions(Database database) {
        this.database = database;
    }

    static DataSource of(Database database) {
        return new WritableSessions(database).proxy();
    }

    private DataSource proxy() {
        DataSource pool = database.dataSource();
        return proxy(DataSource.class, (self, method, arguments) -> {
            Object answer = call(pool, method, arguments);
            return answer instanceof Connection connection ? lent(connection) : answer;
        });
    }

    private Connection lent(Connection connection) throws SQLException {
        try {
            execute(connection, "allow_writes");
        } catch (SQLException e) {
            connection.close();
            throw e;
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
