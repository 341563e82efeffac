package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.thread.Threads;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Where the application's code runs, and what it finds there when a thread with a context of its own asked for all of it. */
@PostgresTest
class ThreadContextTest {
    private static final InheritableThreadLocal<String> TENANT = new InheritableThreadLocal<>();
    private static final Map<String, Seen> SEEN = new ConcurrentHashMap<>();
    private static final String CALLER = "the first caller";
    private static final Duration LONG = Duration.ofSeconds(60);

    private final TestDatabase database;
    private final CountDownLatch told = new CountDownLatch(1);

    ThreadContextTest(TestDatabase database) {
        this.database = database;
    }

    private record Seen(String tenant, @Nullable ClassLoader loader) {}

    /** Says where it was made: by the caller, or by the thread that decodes it. */
    record Call(String name) {
        Call {
            note("payload of " + name);
        }
    }

    /** What a place of the application's code sees on another thread than the caller's; the last one counts. */
    private static void note(String place) {
        if (CALLER.equals(Thread.currentThread().getName())) {
            return;
        }
        SEEN.put(
                place,
                new Seen(String.valueOf(TENANT.get()), Thread.currentThread().getContextClassLoader()));
    }

    @BeforeEach
    void clear() {
        database.truncateAll();
        SEEN.clear();
    }

    private ExecutorBuilder<Call> calls(Millrace millrace) {
        return millrace.executor("calls", Call.class)
                .permissionTimeout(Duration.ofSeconds(2))
                .maxPermissionErrors(1)
                .permission(event -> {
                    note("permission");
                    if (event.payload().name().equals("never admitted")) {
                        CountDownLatch never = new CountDownLatch(1);
                        never.await();
                    }
                    return Permission.granted();
                })
                .retry(new RetryPolicy() {
                    @Override
                    public Optional<Duration> delayAfter(int failures, Throwable error) {
                        note("retry policy");
                        return Optional.empty();
                    }

                    @Override
                    public boolean retriesTimeouts() {
                        return true;
                    }
                })
                .listener(move -> {
                    note("listener");
                    told.countDown();
                })
                .handler((call, run) -> {
                    note("handler of " + call.name());
                    if (call.name().equals("timed out")) {
                        boolean unused = new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS);
                    }
                    run.transaction(connection -> {
                        note("transaction");
                        return null;
                    });
                    return "done";
                });
    }

    private void doEverything() {
        try (Millrace millrace =
                Millrace.builder().jdbcUrl(database.jdbcUrl()).migrate().connect()) {
            Executor<Call> calls = calls(millrace).build();
            UUID first = calls.append(new Call("first"));
            var answer = calls.result(first).thenApply(response -> {
                note("answer");
                return response;
            });
            calls.execute();
            answer.get(LONG.toSeconds(), TimeUnit.SECONDS);
            UUID slow = calls.append(new Call("timed out"), Append.defaults().withTimeout(Duration.ofMillis(20)));
            UUID refused = calls.append(new Call("never admitted"));
            calls.appendAll(IntStream.range(0, 2_500).mapToObj(i -> new Call("bulk")));
            assertThat(calls.await(slow, LONG).orElseThrow().status()).isEqualTo(EventStatus.FAILED);
            assertThat(calls.await(refused, LONG).orElseThrow().status()).isEqualTo(EventStatus.ABORTED);
            assertThat(calls.join(LONG)).isTrue();
            assertThat(told.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                if (thread.getName().startsWith("millrace")) {
                    SEEN.put(thread.getName(), new Seen("null", thread.getContextClassLoader()));
                }
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName(
            "12.2 whoever uses a Millrace first leaves no thread local and no class loader to those who come after")
    void contextOfTheFirstCaller_isNowhereElse() throws Exception {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        try (URLClassLoader loader = new URLClassLoader(new URL[0], ThreadContextTest.class.getClassLoader())) {
            Thread caller = Thread.ofPlatform().name(CALLER).start(() -> {
                TENANT.set("acme");
                Thread.currentThread().setContextClassLoader(loader);
                try {
                    doEverything();
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            caller.join();
        }

        assertThat(failure.get()).isNull();
        Set<String> tainted = SEEN.entrySet().stream()
                .filter(place -> !place.getValue().tenant().equals("null")
                        || !Threads.class
                                .getClassLoader()
                                .equals(place.getValue().loader()))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        System.out.println("12.2 looked at " + SEEN.keySet().stream().sorted().toList());
        assertThat(tainted).isEmpty();
        assertThat(SEEN)
                .containsKeys(
                        "payload of first",
                        "permission",
                        "retry policy",
                        "listener",
                        "handler of first",
                        "handler of bulk",
                        "transaction",
                        "answer",
                        "millrace-lease",
                        "millrace-idle-watch");
    }
}
