package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Events whose answer is a stream of chunks: they end like any others, and their chunks are rows. */
class StreamingTest extends WithMillrace {
    private static final Append STREAMED = Append.defaults().streamed();

    StreamingTest(TestDatabase database) {
        super(database);
    }

    private static List<String> texts(List<JsonNode> chunks) {
        return chunks.stream().map(JsonNode::asText).toList();
    }

    @Test
    @DisplayName("R-040 a streaming event completes when its stream ends, with the number of chunks as its response")
    void stream_ends_completes() throws InterruptedException {
        Executor<Task> tasks = tasks().streamHandler((task, run) -> Stream.of("chunk_0", "chunk_1", "chunk_2"))
                .build();
        UUID id = tasks.append(new Task("x"), STREAMED);
        tasks.start();

        int started = tasks.forward();

        Event<Task> event = event(tasks, id);
        assertThat(started).as("one capacity whatever the chunks").isEqualTo(1);
        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.execution().response()).hasToString("3");
        assertThat(event.execution().duration()).isNotNull();
        assertThat(texts(tasks.chunks(id, 0, 10))).containsExactly("chunk_0", "chunk_1", "chunk_2");
        assertThat(texts(tasks.chunks(id, 1, 1))).containsExactly("chunk_1");
        assertThat(tasks.chunks(id, 3, 10)).isEmpty();
    }

    @Test
    @DisplayName("R-040 chunks are rows that others can read while the stream goes on")
    void chunks_whileRunning_areReadable() throws InterruptedException {
        CountDownLatch emitted = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    assertThat(run.emit(Map.of("n", 1))).isZero();
                    assertThat(run.emit(null)).isEqualTo(1);
                    emitted.countDown();
                    release.await();
                    run.emit("last");
                    return null;
                })
                .build();
        Executor<Task> reader = tasks(another()).build();
        UUID id = tasks.append(new Task("x"), STREAMED);
        tasks.execute();
        assertThat(emitted.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();

        assertThat(reader.chunks(id, 0, 10)).extracting(JsonNode::toString).containsExactly("{\"n\":1}", "null");
        assertThat(event(reader, id).status()).isEqualTo(EventStatus.PROCESSING);
        release.countDown();

        assertThat(ended(reader, id).execution().response()).hasToString("3");
        assertThat(reader.chunks(id, 2, 10)).extracting(JsonNode::asText).containsExactly("last");
    }

    @Test
    @DisplayName("R-038 an error in the stream fails the event with that error; the chunks before it stay")
    void stream_fails_keepsChunks() throws InterruptedException {
        Executor<Task> tasks = tasks().streamHandler((task, run) -> IntStream.range(0, 5)
                        .mapToObj(i -> {
                            if (i == 2) {
                                throw new IllegalStateException("broke at 2");
                            }
                            return i;
                        }))
                .build();
        UUID id = tasks.append(new Task("x"), STREAMED);
        tasks.start();

        tasks.forward();

        Event<Task> event = event(tasks, id);
        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(event)).isEqualTo("broke at 2");
        assertThat(event.execution().response()).isNull();
        assertThat(texts(tasks.chunks(id, 0, 10))).containsExactly("0", "1");
    }

    @Test
    @DisplayName("R-039 a stream handler that opens nothing, or fails to, fails its event")
    void stream_notOpened_fails() throws InterruptedException {
        Executor<Task> tasks = tasks().streamHandler((task, run) -> {
                    if (task.name().equals("null")) {
                        return null;
                    }
                    throw new java.io.IOException("no source");
                })
                .build();
        UUID none = tasks.append(new Task("null"), STREAMED);
        UUID broken = tasks.append(new Task("x"), STREAMED);
        tasks.start();

        tasks.forward();

        assertThat(event(tasks, none).status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(event(tasks, broken))).isEqualTo("no source");
    }

    @Test
    @DisplayName(
            "R-036 timeouts hold for streams: an endless one is cancelled at its deadline, chunks kept, stream closed")
    void stream_endless_timesOut() throws InterruptedException {
        AtomicBoolean closed = new AtomicBoolean();
        CountDownLatch ended = new CountDownLatch(1);
        Executor<Task> tasks = tasks().streamHandler(
                        (task, run) -> Stream.iterate(0, i -> i + 1).onClose(() -> {
                            closed.set(true);
                            ended.countDown();
                        }))
                .build();
        UUID id = tasks.append(
                new Task("x"), Append.timeout(Duration.ofMillis(200)).streamed());
        tasks.start();

        tasks.forward();

        Event<Task> event = event(tasks, id);
        assertThat(event.status()).isEqualTo(EventStatus.CANCELLED);
        assertThat(errorMessage(event)).isEqualTo("Operation timed out after 0.2s");
        assertThat(ended.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(closed).isTrue();
        List<JsonNode> chunks = tasks.chunks(id, 0, 1_000);
        assertThat(chunks).isNotEmpty();
        assertThat(texts(chunks))
                .containsExactlyElementsOf(IntStream.range(0, chunks.size())
                        .mapToObj(Integer::toString)
                        .toList());
    }

    @Test
    @DisplayName("R-056 streaming keeps the concurrency limit: three streams, limit two, all complete")
    void stream_concurrencyLimit_holds() throws InterruptedException {
        AtomicInteger open = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Executor<Task> tasks = tasks().concurrencyLimit(2)
                .streamHandler((task, run) -> {
                    most.accumulateAndGet(open.incrementAndGet(), Math::max);
                    return IntStream.range(0, 20).boxed().onClose(open::decrementAndGet);
                })
                .build();
        for (int i = 0; i < 3; i++) {
            tasks.append(new Task("x"), STREAMED);
        }
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(3);

        assertThat(most).hasValueLessThanOrEqualTo(2);
        assertThat(count(tasks, EventStatus.COMPLETED)).isEqualTo(3);
    }

    @Test
    @DisplayName("R-040 both handlers: streaming events go to the stream handler, the others to the ordinary one")
    void bothHandlers_byStreaming() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> "plain")
                .streamHandler((task, run) -> Stream.of(1, 2))
                .build();
        UUID plain = tasks.append(new Task("x"));
        UUID streamed = tasks.append(new Task("x"), STREAMED);
        tasks.start();

        tasks.forward();

        assertThat(event(tasks, plain).execution().response()).hasToString("\"plain\"");
        assertThat(event(tasks, streamed).execution().response()).hasToString("2");
    }

    @Test
    @DisplayName("R-040 a stream without elements completes with no chunks")
    void stream_empty_completes() throws InterruptedException {
        Executor<Task> tasks =
                tasks().streamHandler((task, run) -> Stream.empty()).build();
        UUID id = tasks.append(new Task("x"), STREAMED);
        tasks.start();

        tasks.forward();

        assertThat(event(tasks, id).execution().response()).hasToString("0");
    }

    @Test
    @DisplayName("R-040 a retried stream starts its chunks afresh; only those of the last attempt are read")
    void stream_retried_startsAfresh() throws InterruptedException {
        AtomicInteger attempts = new AtomicInteger();
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .handler((task, run) -> {
                    int attempt = attempts.incrementAndGet();
                    run.emit("attempt " + attempt);
                    if (attempt == 1) {
                        run.emit("lost");
                        throw new IllegalStateException("again");
                    }
                    return "own answer";
                })
                .build();
        UUID id = tasks.append(new Task("x"), STREAMED);
        tasks.execute();

        assertThat(ended(tasks, id).execution().response()).hasToString("\"own answer\"");
        assertThat(texts(tasks.chunks(id, 0, 10))).containsExactly("attempt 2");
    }

    @Test
    @DisplayName("R-029 a chunk that cannot be written is stored as \"<unserializable>\", and the stream goes on")
    void chunk_unserializable_isMarked() throws InterruptedException {
        Executor<Task> tasks = tasks().streamHandler((task, run) -> Stream.of("a", new OutcomeTest.Unwritable(0), "b"))
                .build();
        UUID id = tasks.append(new Task("x"), STREAMED);
        tasks.start();

        tasks.forward();

        assertThat(texts(tasks.chunks(id, 0, 10))).containsExactly("a", "<unserializable>", "b");
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
    }
}
