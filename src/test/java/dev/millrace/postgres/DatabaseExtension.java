package dev.millrace.postgres;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** Lends each test class a {@link TestDatabase} and fails the test that leaves something behind. */
public final class DatabaseExtension
        implements ExecutionCondition, BeforeAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(DatabaseExtension.class);

    /** A JUnit configuration parameter, an ISO duration: how long what a test used may take to settle after it. */
    static final String SETTLING = "dev.millrace.postgres.settling";

    private static final String SETTLING_DEFAULT = "PT5S";

    /** A JUnit configuration parameter, or a system property: true to have tests reach their databases through PgBouncer. */
    static final String POOLER = "millrace.test.pooler";

    private static final ConditionEvaluationResult GOES = ConditionEvaluationResult.enabled("nothing is against it");

    /** Leaves out what cannot be through a pooler, and says why. */
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return isPooled(context)
                ? AnnotationSupport.findAnnotation(context.getElement(), NotPooled.class)
                        .map(left -> ConditionEvaluationResult.disabled("not through a pooler: " + left.value()))
                        .orElse(GOES)
                : GOES;
    }

    /** The configuration parameters of a run within a run, which goes to the same server through a pooler. */
    public static Map<String, String> pooledOn(TestDatabase database) {
        Map<String, String> parameters = new HashMap<>(database.environment());
        parameters.put(POOLER, "true");
        return parameters;
    }

    private static boolean isPooled(ExtensionContext context) {
        return context.getConfigurationParameter(POOLER, Boolean::parseBoolean).orElse(false);
    }

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
        String external = parameter(context, TestServer.EXTERNAL_URL);
        String template = parameter(context, TestServer.EXTERNAL_TEMPLATE);
        TestServer server = session.computeIfAbsent(
                        Start.class, key -> Start.attempt(external, template, isPooled(context)), Start.class)
                .server();
        String name = server.createMigrated(context.getRequiredTestClass().getSimpleName());
        return new TestDatabase(server, name, isPooled(context));
    }

    /** A configuration parameter, a system property or an environment variable; null if there is none. */
    private static @Nullable String parameter(ExtensionContext context, String name) {
        return context.getConfigurationParameter(name)
                .or(() -> Optional.ofNullable(System.getenv(name)))
                .filter(value -> !value.isBlank())
                .orElse(null);
    }

    /** The run's server, or why there is none: what failed once is not tried again for every class. */
    private record Start(
            @Nullable TestServer started, @Nullable RuntimeException failure) implements AutoCloseable {
        static Start attempt(@Nullable String external, @Nullable String template, boolean pooled) {
            try {
                return new Start(TestServer.start(external, template, pooled), null);
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
