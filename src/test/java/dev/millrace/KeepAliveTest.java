package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Which thread of the library keeps the JVM alive, and when. FirstProgramTest shows what becomes of the JVM. */
class KeepAliveTest extends WithMillrace {
    private final Stage stage = new Stage();

    KeepAliveTest(TestDatabase database) {
        super(database);
    }

    private static List<String> keepers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("millrace") && !thread.isDaemon())
                .map(Thread::getName)
                .toList();
    }

    private void awaitNoKeeper() {
        for (int round = 0; round < 1_000 && !keepers().isEmpty(); round++) {
            database.query("select pg_sleep(0.02)");
        }
        assertThat(keepers()).isEmpty();
    }

    @Test
    @DisplayName("12.3 one thread keeps the JVM alive while any executor executes, and until what it runs has ended")
    void keeper_isOneWhileExecutorsExecute() throws InterruptedException {
        List<Executor<Task>> executors = Stream.of("a", "b", "c")
                .map(flow ->
                        millrace().executor(flow, Task.class).handler(stage).build())
                .toList();
        executors.forEach(Executor::start);
        append(executors.getFirst(), 1);
        assertThat(keepers()).as("nothing executes").isEmpty();

        executors.forEach(Executor::execute);
        stage.awaitEntered(1);
        assertThat(keepers()).containsExactly("millrace-keep-alive");
        executors.forEach(Executor::stop);
        for (Executor<Task> executor : executors) {
            assertThat(executor.work().loop().awaitStopped(LONG)).isTrue();
        }
        assertThat(keepers()).as("a handler goes on").containsExactly("millrace-keep-alive");
        stage.releaseAll();
        awaitNoKeeper();

        executors.getLast().execute();
        assertThat(keepers()).containsExactly("millrace-keep-alive");
        executors.getLast().close();
        awaitNoKeeper();
    }

    @Test
    @DisplayName("12.3 closing the Millrace ends that thread, also while a handler does not end")
    void keeper_ofAClosedMillrace_ends() throws InterruptedException {
        Executor<Task> deaf = tasks().handler((task, run) -> {
                    while (true) {
                        try {
                            return stage.handle(task, run);
                        } catch (InterruptedException e) {
                            assertThat(run.id())
                                    .as("a handler that hears nothing")
                                    .isNotNull();
                        }
                    }
                })
                .build();
        append(deaf, 1);
        deaf.execute();
        stage.awaitEntered(1);
        assertThat(keepers()).containsExactly("millrace-keep-alive");

        millrace().close(Duration.ZERO);

        awaitNoKeeper();
        stage.releaseAll();
    }

    @Test
    @DisplayName("12.3 keepAlive(false): all threads are daemons")
    void keeper_notWanted_isNotThere() {
        Millrace unkept = opened(Millrace.builder()
                .dataSource(database.newPool(4))
                .keepAlive(false)
                .connect());

        tasks(unkept).handler(stage).build().execute();

        assertThat(keepers()).isEmpty();
    }
}
