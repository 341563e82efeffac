package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Run;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Handlers that answer nothing. */
class VoidHandlerTest extends WithMillrace {
    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    VoidHandlerTest(TestDatabase database) {
        super(database);
    }

    private void note(Object task, Run<?> run) throws IOException {
        seen.add(task + " " + run.attempt());
        if (task.toString().contains("bad")) {
            throw new IOException("no");
        }
    }

    @Test
    @DisplayName("12.15 a block without return, a call and a method reference are handlers whose response is null")
    void voidHandler_ofAnyShape_answersNull() throws InterruptedException {
        List<UnaryOperator<ExecutorBuilder<Task>>> shapes = List.of(
                builder -> builder.voidHandler((task, run) -> {
                    note(task, run);
                }),
                builder -> builder.voidHandler((task, run) -> seen.add(task.name())),
                builder -> builder.voidHandler(this::note));
        for (int i = 0; i < shapes.size(); i++) {
            Executor<Task> tasks = shapes.get(i)
                    .apply(millrace().executor("flow " + i, Task.class))
                    .build();
            UUID id = tasks.append(new Task("x"));
            tasks.execute();

            Event<Task> event = ended(tasks, id);

            assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
            assertThat(event.execution().response()).hasToString("null");
            assertThat(seen.poll()).contains("x");
        }
    }

    @Test
    @DisplayName("12.15 a handler that answers nothing may throw, say a last word, and emit chunks")
    void voidHandler_always_mayDoWhatOthersDo() throws InterruptedException {
        Executor<Task> tasks = tasks().voidHandler((task, run) -> {
                    switch (task.name()) {
                        case "bad" -> note(task, run);
                        case "skip" -> throw run.skip("no need");
                        default -> run.emit("a");
                    }
                })
                .build();
        UUID bad = tasks.append(new Task("bad"));
        UUID skipped = tasks.append(new Task("skip"));
        UUID streamed = tasks.append(new Task("x"), Append.defaults().streamed());
        tasks.execute();

        assertThat(ended(tasks, bad).status()).isEqualTo(EventStatus.FAILED);
        assertThat(ended(tasks, skipped).status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(ended(tasks, streamed).execution().response()).hasToString("1");
    }
}
