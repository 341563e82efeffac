package dev.millrace.postgres;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Which of the product's statements went through a pooler, by the name in the first line of each. Thread-safe. */
public final class NamedStatements {
    private static final Pattern HEADER = Pattern.compile("^-- ([a-z_]+):");
    private static final Set<String> SEEN = new ConcurrentSkipListSet<>();

    private NamedStatements() {}

    /** The names of all that this JVM has sent through poolers. */
    public static Set<String> seen() {
        return Set.copyOf(SEEN);
    }

    /** Connections from there whose statements are noted. */
    static DataSource noted(DataSource source) {
        return proxy(DataSource.class, source);
    }

    private static <T> T proxy(Class<T> type, T real) {
        InvocationHandler handler = (self, method, arguments) -> {
            if (arguments != null && arguments.length > 0 && arguments[0] instanceof String text) {
                Matcher header = HEADER.matcher(text);
                if (header.find()) {
                    SEEN.add(header.group(1));
                }
            }
            try {
                return again(method.getReturnType(), method.invoke(real, arguments));
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return type.cast(
                Proxy.newProxyInstance(NamedStatements.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    /** A connection's prepared statements have said their name; a plain one says it when it is executed. */
    private static @Nullable Object again(Class<?> type, @Nullable Object result) {
        return result instanceof Connection connection && type == Connection.class
                ? proxy(Connection.class, connection)
                : result instanceof Statement statement && type == Statement.class
                        ? proxy(Statement.class, statement)
                        : result;
    }
}
