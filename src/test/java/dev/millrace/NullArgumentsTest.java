package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Chunk;
import dev.millrace.event.Event;
import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Flow;
import dev.millrace.event.Pile;
import dev.millrace.event.Progression;
import dev.millrace.event.RetryFilter;
import dev.millrace.event.Terms;
import dev.millrace.event.Unique;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RateLimit;
import dev.millrace.work.RetryPolicy;
import java.lang.reflect.Array;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A null where none may be is refused by the parameter's name, by every public method that an application calls. */
class NullArgumentsTest extends WithMillrace {
    private static final Set<String> OF_OBJECTS = Set.of("equals", "wait");

    NullArgumentsTest(TestDatabase database) {
        super(database);
    }

    /** What is called, by its class; null for static methods alone. */
    private Map<Class<?>, @Nullable Object> targets() {
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        tasks.progressions().add("x");
        Progression progression = new Progression("x");
        Pile pile = new Pile();
        Map<Class<?>, @Nullable Object> targets = new LinkedHashMap<>();
        targets.put(Millrace.class, millrace());
        targets.put(MillraceBuilder.class, Millrace.builder());
        targets.put(Executor.class, tasks);
        targets.put(ExecutorBuilder.class, tasks());
        targets.put(EventReader.class, tasks.json());
        targets.put(UserProgressions.class, tasks.progressions());
        targets.put(Append.class, Append.uniqueKey("x"));
        targets.put(RetryFilter.class, RetryFilter.failed());
        targets.put(EventFilter.class, EventFilter.all());
        targets.put(RateLimit.class, null);
        targets.put(RetryPolicy.class, null);
        targets.put(Permission.class, null);
        targets.put(UniqueScope.class, UniqueScope.forever());
        targets.put(Progression.class, progression);
        targets.put(Pile.class, pile);
        targets.put(Flow.class, Flow.ofStatuses("x", pile));
        return targets;
    }

    private static Object sample(Class<?> type, Executor<Task> tasks) {
        Map<Class<?>, Object> samples = Map.ofEntries(
                Map.entry(String.class, "x"),
                Map.entry(UUID.class, new UUID(1, 1)),
                Map.entry(Duration.class, Duration.ofSeconds(1)),
                Map.entry(Instant.class, Instant.EPOCH),
                Map.entry(Class.class, Task.class),
                Map.entry(Object.class, new Task("x")),
                Map.entry(Collection.class, List.of()),
                Map.entry(Iterable.class, List.of()),
                Map.entry(List.class, List.of()),
                Map.entry(Set.class, Set.of()),
                Map.entry(Stream.class, Stream.empty()),
                Map.entry(Append.class, Append.defaults()),
                Map.entry(Event.class, tasks.newEvent(new Task("x"), Append.defaults())),
                Map.entry(RetryFilter.class, RetryFilter.failed()),
                Map.entry(EventFilter.class, EventFilter.all()),
                Map.entry(UniqueScope.class, UniqueScope.forever()),
                Map.entry(Unique.class, new Unique("x")),
                Map.entry(Terms.class, Terms.DEFAULT),
                Map.entry(Flow.class, new Flow("x")),
                Map.entry(Pile.class, new Pile()),
                Map.entry(Progression.class, new Progression("x")),
                Map.entry(JsonNode.class, JsonNodeFactory.instance.objectNode()),
                Map.entry(ObjectNode.class, JsonNodeFactory.instance.objectNode()),
                Map.entry(int.class, 1),
                Map.entry(long.class, 1L),
                Map.entry(double.class, 1.0),
                Map.entry(boolean.class, true));
        Object sample = samples.get(type);
        if (sample != null) {
            return sample;
        }
        if (type.isEnum()) {
            return type == EventStatus.class ? EventStatus.FAILED : type.getEnumConstants()[0];
        }
        if (type.isArray()) {
            return Array.newInstance(type.getComponentType(), 0);
        }
        if (type.isInterface() && !type.isSealed()) {
            return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                throw new UnsupportedOperationException(method.getName());
            });
        }
        if (type == Chunk.class) {
            return new Chunk(1, 0, JsonNodeFactory.instance.nullNode());
        }
        throw new AssertionError("no sample of " + type);
    }

    @Test
    @DisplayName("12.13 a null where none may be is refused by the parameter's name, by every public method")
    void publicMethods_givenNull_nameTheParameter() throws ReflectiveOperationException {
        Executor<Task> tasks = tasks().build();
        List<String> wrong = new ArrayList<>();
        int tried = 0;
        for (Map.Entry<Class<?>, @Nullable Object> target : targets().entrySet()) {
            for (Method method : target.getKey().getMethods()) {
                boolean ours = method.getDeclaringClass().getName().startsWith("dev.millrace.");
                boolean callable = target.getValue() != null || Modifier.isStatic(method.getModifiers());
                if (!ours || !callable || method.isSynthetic() || OF_OBJECTS.contains(method.getName())) {
                    continue;
                }
                for (int i = 0; i < method.getParameterCount(); i++) {
                    if (!mayBeNull(method, i)) {
                        tried++;
                        Object[] arguments = Arrays.stream(method.getParameterTypes())
                                .map(type -> sample(type, tasks))
                                .toArray();
                        arguments[i] = null;
                        String trouble = trouble(method, target.getValue(), arguments);
                        if (trouble != null) {
                            wrong.add("%s, argument %d: %s".formatted(method.toGenericString(), i, trouble));
                        }
                    }
                }
            }
        }

        System.out.println("12.13 nulls tried: " + tried);
        assertThat(wrong).isEmpty();
        assertThat(tried).isGreaterThan(100);
    }

    private static boolean mayBeNull(Executable method, int index) {
        return method.getParameterTypes()[index].isPrimitive()
                || method.getAnnotatedParameterTypes()[index].isAnnotationPresent(Nullable.class);
    }

    /** Null if it was refused as it should be. */
    private static @Nullable String trouble(Method method, @Nullable Object target, Object[] arguments)
            throws ReflectiveOperationException {
        try {
            Object unused = method.invoke(target, arguments);
            return "accepted";
        } catch (InvocationTargetException e) {
            Throwable thrown = e.getCause();
            String message = thrown.getMessage();
            boolean named = thrown instanceof NullPointerException
                    && message != null
                    && !message.contains("because")
                    && !message.contains("Cannot ");
            return named ? null : thrown.toString();
        }
    }
}
