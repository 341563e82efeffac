package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.CallInterruptedException;
import dev.millrace.event.Chunk;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.UncompletedException;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Following what streaming events emit, from another process. */
@Timeout(120)
class FollowTest extends WithMillrace {
    private static final Append STREAMED = Append.defaults().streamed();

    FollowTest(TestDatabase database) {
        super(database);
    }

    private Executor<Task> reader() {
        return tasks(another()).build();
    }

    private static List<String> texts(Stream<Chunk> chunks) {
        try (chunks) {
            return chunks.map(chunk -> chunk.attempt() + "/" + chunk.index() + "="
                            + chunk.value().asText())
                    .toList();
        }
    }

    @Test
    @DisplayName(
            "Chunks are followed live from another process, one by one while they are emitted, until the event ends")
    void follow_running_isLive() throws InterruptedException {
        SynchronousQueue<String> words = new SynchronousQueue<>();
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    for (String word = words.take(); !word.equals("end"); word = words.take()) {
                        run.emit(word);
                    }
                    return null;
                })
                .build();
        Executor<Task> reader = reader();
        UUID id = tasks.append(new Task("x"), STREAMED);
        try (Stream<Chunk> chunks = reader.follow(id)) {
            Iterator<Chunk> live = chunks.iterator();
            tasks.execute();

            for (int i = 0; i < 5; i++) {
                words.put("word " + i); // the handler waits for the next: it can only come live
                Chunk chunk = live.next();
                assertThat(chunk.attempt()).isEqualTo(1);
                assertThat(chunk.index()).isEqualTo(i);
                assertThat(chunk.value().asText()).isEqualTo("word " + i);
            }
            words.put("end");
            assertThat(live.hasNext()).isFalse();
        }
    }

    @Test
    @DisplayName("A stream that is over is read from any offset, however long or large, and as often as one likes")
    void follow_ended_readsFromAnyOffset() throws InterruptedException {
        String large = "x".repeat(40_000);
        Executor<Task> tasks = tasks().streamHandler((task, run) -> task.name().equals("large")
                        ? Stream.of(large, large, large, "end")
                        : IntStream.range(0, 450).boxed())
                .build();
        UUID id = tasks.append(new Task("long"), STREAMED);
        UUID big = tasks.append(new Task("large"), STREAMED);
        tasks.execute();
        Executor<Task> reader = reader();

        assertThat(texts(reader.follow(id)))
                .isEqualTo(IntStream.range(0, 450)
                        .mapToObj(i -> "1/" + i + "=" + i)
                        .toList());
        assertThat(texts(reader.follow(id, 448))).containsExactly("1/448=448", "1/449=449");
        assertThat(texts(reader.follow(id, 450))).isEmpty();
        assertThat(texts(reader.follow(big))).hasSize(4).last().isEqualTo("1/3=end");
        try (Stream<Chunk> chunks = reader.follow(id)) {
            Chunk third = chunks.skip(2).findFirst().orElseThrow();
            assertThat(texts(reader.follow(id, third).limit(1))).containsExactly("1/3=3");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> reader.follow(id, -1));
    }

    @Test
    @DisplayName("A failed event's stream ends with its error, after the last chunk; so does one that was cancelled")
    void follow_failed_endsWithTheError() {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    run.emit("before");
                    throw new IllegalStateException("broke");
                })
                .build();
        UUID failed = tasks.append(new Task("x"), STREAMED);
        tasks.execute();
        Executor<Task> reader = reader();
        List<String> seen = new ArrayList<>();

        assertThatThrownBy(() -> {
                    try (Stream<Chunk> chunks = reader.follow(failed)) {
                        chunks.forEach(chunk -> seen.add(chunk.value().asText()));
                    }
                })
                .isInstanceOf(UncompletedException.class)
                .hasMessageContaining("IllegalStateException: broke");
        assertThat(seen).containsExactly("before");

        UUID never =
                tasks.append(new Task("x"), STREAMED.withRunAt(Instant.now().plus(Duration.ofDays(1))));
        try (Stream<Chunk> chunks = reader.follow(never)) {
            assertThat(tasks.cancel(never, "withdrawn")).isTrue();
            Iterator<Chunk> iterator = chunks.iterator();
            assertThatThrownBy(iterator::hasNext).isInstanceOf(UncompletedException.class);
            assertThat(iterator.hasNext()).as("afterwards").isFalse();
        }
    }

    @Test
    @DisplayName("What a lost or failed attempt had emitted was seen; the next attempt's chunks follow, from their 0")
    void follow_retried_goesOnWithTheNextAttempt() throws InterruptedException {
        CountDownLatch seen = new CountDownLatch(1);
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .handler((task, run) -> {
                    run.emit("a" + run.attempt());
                    run.emit("b" + run.attempt());
                    if (run.attempt() == 1) {
                        assertThat(seen.await(LONG.toSeconds(), TimeUnit.SECONDS))
                                .isTrue();
                        throw new IllegalStateException("again");
                    }
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"), STREAMED);
        Executor<Task> reader = reader();
        List<String> live = new ArrayList<>();
        try (Stream<Chunk> chunks = reader.follow(id)) {
            tasks.execute();
            chunks.forEach(chunk -> {
                live.add(chunk.attempt() + "/" + chunk.index() + "="
                        + chunk.value().asText());
                if (chunk.index() == 1) {
                    seen.countDown();
                }
            });
        }

        assertThat(live).containsExactly("1/0=a1", "1/1=b1", "2/0=a2", "2/1=b2");
        assertThat(texts(reader.follow(id))).as("who comes later").containsExactly("2/0=a2", "2/1=b2");
        assertThat(texts(reader.follow(id, 1))).containsExactly("2/1=b2");
    }

    @Test
    @DisplayName("Chunks that several threads of a handler emit are followed without a gap")
    void follow_emittedByManyThreads_isWithoutAGap() throws Exception {
        int threads = 8;
        int each = 50;
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
                        List<Future<?>> emitting = new ArrayList<>();
                        for (int i = 0; i < threads; i++) {
                            emitting.add(pool.submit(() -> {
                                for (int j = 0; j < each; j++) {
                                    run.emit(j);
                                }
                                return null;
                            }));
                        }
                        for (Future<?> done : emitting) {
                            done.get();
                        }
                    }
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"), STREAMED);
        Executor<Task> reader = reader();
        try (Stream<Chunk> chunks = reader.follow(id)) {
            tasks.execute();
            assertThat(chunks.map(Chunk::index).toList())
                    .isEqualTo(IntStream.range(0, threads * each).boxed().toList());
        }
    }

    @Test
    @DisplayName("Closing ends the following, also from another thread; so do an interrupt and the end of the Millrace")
    void follow_closed_ends() throws Exception {
        Millrace there = another();
        Executor<Task> reader = tasks(there).build();
        UUID id = reader.append(new Task("x"), STREAMED);
        Stream<Chunk> closed = reader.follow(id);
        Stream<Chunk> interrupted = reader.follow(id);
        Stream<Chunk> shut = reader.follow(id);
        Iterator<Chunk> untilClosed = closed.iterator();
        Iterator<Chunk> untilInterrupted = interrupted.iterator();
        Iterator<Chunk> untilShut = shut.iterator();
        CompletableFuture<Boolean> first =
                CompletableFuture.supplyAsync(untilClosed::hasNext, Thread::startVirtualThread);
        CompletableFuture<Throwable> second = new CompletableFuture<>();
        Thread waiting = Thread.startVirtualThread(() -> {
            try {
                second.completeExceptionally(new AssertionError("saw " + untilInterrupted.hasNext()));
            } catch (CallInterruptedException e) {
                second.complete(e);
            }
        });
        CompletableFuture<Boolean> third =
                CompletableFuture.supplyAsync(untilShut::hasNext, Thread::startVirtualThread);

        closed.close();
        assertThat(first.get(LONG.toSeconds(), TimeUnit.SECONDS)).isFalse();
        waiting.interrupt();
        assertThat(second.get(LONG.toSeconds(), TimeUnit.SECONDS)).hasMessageContaining(id.toString());
        there.close();
        assertThatThrownBy(() -> third.get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(IllegalStateException.class);
        assertThatThrownBy(
                        () -> tasks(another()).build().follow(UUID.randomUUID()).count())
                .isInstanceOf(NotFoundException.class);
    }

    @Test
    @DisplayName("A hundred who follow cost one process at most 20 statements a second while nothing is emitted")
    void follow_byManyWhileNothingHappens_asksLittle() {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(4));
        Executor<Task> reader = tasks(opened(Millrace.connect(statements))).build();
        List<Stream<Chunk>> followed = new ArrayList<>();
        for (UUID id : append(reader, 100)) {
            Stream<Chunk> chunks = reader.follow(id);
            followed.add(chunks);
            Thread.startVirtualThread(() -> chunks.forEach(chunk -> {}));
        }
        database.query("select pg_sleep(1)"); // they are asked about less and less often

        int before = statements.executionsByName().getOrDefault("follow", 0);
        long begin = System.nanoTime();
        database.query("select pg_sleep(3)");
        double seconds = (System.nanoTime() - begin) / 1e9;
        double rate = (statements.executionsByName().getOrDefault("follow", 0) - before) / seconds;
        followed.forEach(Stream::close);

        System.out.printf("FollowTest: a hundred followers, %.1f statements/s%n", rate);
        assertThat(rate).isPositive().isLessThanOrEqualTo(20.0);
    }
}
