package dev.millrace.postgres;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** Lends each test class a {@link TestDatabase} and fails the test that leaves something behind. */
public final class DatabaseExtension
        implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(DatabaseExtension.class);

    /** A JUnit configuration parameter, an ISO duration: how long what a test used may take to settle after it. */
    static final String SETTLING = "dev.millrace.postgres.settling";

    private static final String SETTLING_DEFAULT = "PT5S";

    /** Makes the class's database here, so that it lives as long as the class and not only as long as a method. */
    @Override
    public void beforeAll(ExtensionContext context) {
        database(context);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        Duration settling =
                Duration.parse(context.getConfigurationParameter(SETTLING).orElse(SETTLING_DEFAULT));
        context.getStore(NAMESPACE)
                .put(LeakCheck.class, LeakCheck.begin(database(context), settling, mayLeaveRunningRows(context)));
    }

    @Override
    public void afterEach(ExtensionContext context) {
        LeakCheck check = context.getStore(NAMESPACE).remove(LeakCheck.class, LeakCheck.class);
        List<String> leaks = check == null ? List.of() : check.end();
        if (!leaks.isEmpty()) {
            throw new AssertionError("the test left behind:\n  " + String.join("\n  ", leaks));
        }
    }

    private static boolean mayLeaveRunningRows(ExtensionContext context) {
        return AnnotationSupport.isAnnotated(context.getElement(), LeavesRunningRows.class)
                || AnnotationSupport.isAnnotated(context.getTestClass(), LeavesRunningRows.class);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestDatabase.class;
    }

    @Override
    public TestDatabase resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return database(context);
    }

    private static TestDatabase database(ExtensionContext context) {
        return context.getStore(NAMESPACE)
                .computeIfAbsent(TestDatabase.class, key -> newDatabase(context), TestDatabase.class);
    }

    private static TestDatabase newDatabase(ExtensionContext context) {
        Store session = context.getStore(StoreScope.LAUNCHER_SESSION, NAMESPACE);
        TestServer server = session.computeIfAbsent(Start.class, key -> Start.attempt(), Start.class)
                .server();
        return new TestDatabase(
                server, server.createMigrated(context.getRequiredTestClass().getSimpleName()));
    }

    /** The run's server, or why there is none: what failed once is not tried again for every class. */
    private record Start(
            @Nullable TestServer started, @Nullable RuntimeException failure) implements AutoCloseable {
        static Start attempt() {
            try {
                return new Start(TestServer.start(), null);
            } catch (RuntimeException e) {
                return new Start(null, e);
            }
        }

        TestServer server() {
            if (started == null) {
                throw new IllegalStateException("no test database: the server did not start", failure);
            }
            return started;
        }

        @Override
        public void close() throws IOException {
            if (started != null) {
                started.close();
            }
        }
    }
}
