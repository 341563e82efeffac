package dev.millrace.thread;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a thread has that was asked for by a thread with a context of its own. */
class ThreadsTest {
    private static final InheritableThreadLocal<String> TENANT = new InheritableThreadLocal<>();

    static List<Arguments> kinds() {
        return List.of(
                kind("virtual", task -> Threads.virtual("test", task)),
                kind("daemon", task -> Threads.daemon("test", task)),
                kind("user", task -> Threads.user("test", task)),
                kind("daemons", task -> Threads.daemons("test-").newThread(task)),
                kind("virtuals", task -> Threads.virtuals("test-").newThread(task)));
    }

    private static Arguments kind(String name, Function<Runnable, Thread> maker) {
        return Arguments.of(name, maker);
    }

    private record Seen(String tenant, ClassLoader loader, int priority, ThreadGroup group) {
        static Seen here() {
            Thread thread = Thread.currentThread();
            return new Seen(
                    String.valueOf(TENANT.get()),
                    thread.getContextClassLoader(),
                    thread.getPriority(),
                    thread.getThreadGroup());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    @SuppressWarnings("ThreadPriorityCheck") // not relied on, but not to be inherited
    @DisplayName("12.2 a thread of ours inherits nothing of the thread that asks for it")
    void thread_madeByOneWithAContext_inheritsNothing(String name, Function<Runnable, Thread> maker) throws Exception {
        CompletableFuture<Seen> seen = new CompletableFuture<>();
        try (URLClassLoader loader = new URLClassLoader(new URL[0], null)) {
            Thread asker = new Thread(new ThreadGroup("somebody's"), () -> {
                TENANT.set("acme");
                Thread.currentThread().setContextClassLoader(loader);
                Thread.currentThread().setPriority(Thread.MAX_PRIORITY);
                maker.apply(() -> seen.complete(Seen.here())).start();
            });
            asker.start();
            asker.join();
        }

        assertThat(seen.get().tenant()).isEqualTo("null");
        assertThat(seen.get().loader()).isSameAs(Threads.class.getClassLoader());
        assertThat(seen.get().priority()).isEqualTo(Thread.NORM_PRIORITY);
        assertThat(seen.get().group().getName()).isNotEqualTo("somebody's");
    }

    @Test
    @DisplayName("12.2 only a thread that shall keep the JVM alive does")
    void kinds_made_areDaemonsButOne() {
        Runnable nothing = () -> {};

        assertThat(Threads.user("test", nothing).isDaemon()).isFalse();
        assertThat(Threads.daemon("test", nothing).isDaemon()).isTrue();
        assertThat(Threads.daemons("test-").newThread(nothing).isDaemon()).isTrue();
        assertThat(Threads.daemons("test-").newThread(nothing).getName()).isEqualTo("test-1");
    }
}
