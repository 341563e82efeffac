package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.millrace.event.EventStatus;
import dev.millrace.event.Progress;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Hold;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How far handlers say they are, as others see it. */
class ProgressTest extends WithMillrace {
    ProgressTest(TestDatabase database) {
        super(database);
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        assertThat(latch.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    private static Progress progress(Executor<Task> executor, UUID id) {
        return executor.progress(id).orElseThrow();
    }

    @Test
    @DisplayName("Progress is seen in another process while the event runs; the last word stays when it has ended")
    void progress_told_isSeenElsewhere() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    run.progress(0.25, "a quarter");
                    await(release);
                    run.progress(0.5);
                    run.progress(0.75, "nearly");
                    return null;
                })
                .build();
        Executor<Task> reader = tasks(another()).build();
        UUID id = tasks.append(new Task("x"));
        assertThat(reader.progress(id)).isEmpty();
        tasks.execute();

        database.await("select exists (select from progress where event = ?)", id);
        Progress early = progress(reader, id);
        assertThat(early.attempt()).isEqualTo(1);
        assertThat(early.fraction()).isEqualTo(0.25);
        assertThat(early.message()).isEqualTo("a quarter");
        release.countDown();
        assertThat(ended(reader, id).status()).isEqualTo(EventStatus.COMPLETED);

        Progress last = progress(reader, id);
        assertThat(last.fraction()).isEqualTo(0.75);
        assertThat(last.message()).isEqualTo("nearly");
        assertThat(last.toldAt()).isAfterOrEqualTo(early.toldAt());
        Executor<Task> other = millrace().executor("other", Task.class).build();
        assertThat(other.progress(id)).as("asked of another flow").isEmpty();
        assertThat(reader.progress(UUID.randomUUID())).isEmpty();
        assertThat(reader.cleanupEvents(Set.of(EventStatus.COMPLETED))).isEqualTo(1);
        assertThat(database.longValue("select count(*) from progress")).isZero();
    }

    @Test
    @DisplayName("However often a handler says it, it is written four times a second at most, and the last word always")
    void progress_toldOften_isWrittenSeldom() throws InterruptedException {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(6));
        int words = 20_000;
        Executor<Task> tasks = tasks(opened(Millrace.connect(statements)))
                .handler((task, run) -> {
                    CountDownLatch never = new CountDownLatch(1);
                    for (int i = 0; i <= words; i++) {
                        run.progress((double) i / words, "word " + i);
                        if (i % 200 == 0) {
                            boolean unused = never.await(10, TimeUnit.MILLISECONDS);
                        }
                    }
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        Duration ran = ended(tasks, id).execution().duration();

        int written = statements.executionsByName().get("tell_progress");
        System.out.printf("ProgressTest: %d words in %s, written %d times%n", words, ran, written);
        assertThat(written).isBetween(2, (int) (ran.toMillis() / 250) + 2);
        assertThat(progress(tasks, id).fraction()).isEqualTo(1);
        assertThat(progress(tasks, id).message()).isEqualTo("word " + words);
    }

    @Test
    @DisplayName(
            "The last word is written before every end: an error, a timeout, a verdict, a transaction of the handler's own")
    void progress_beforeAnyEnd_isWritten() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    for (int i = 0; i < 1_000; i++) {
                        run.progress(i / 1_000.0, "early");
                    }
                    run.progress(0.9, task.name());
                    return switch (task.name()) {
                        case "throw" -> throw new IllegalStateException("x");
                        case "timeout" -> new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS);
                        case "skip" -> throw run.skip("no need");
                        case "transaction" -> run.transaction(connection -> "committed");
                        default -> throw new AssertionError(task.name());
                    };
                })
                .build();
        tasks.execute();

        for (String name : new String[] {"throw", "timeout", "skip", "transaction"}) {
            UUID id = tasks.append(new Task(name), Append.timeout(Duration.ofSeconds(1)));
            assertThat(ended(tasks, id).status()).isNotEqualTo(EventStatus.PENDING);
            assertThat(progress(tasks, id).message()).isEqualTo(name);
        }
    }

    @Test
    @DisplayName("What an attempt said stays until a later attempt says something; the number tells which it was")
    void progress_retried_isTheLastAttemptThatSaidSo() throws InterruptedException {
        CountDownLatch second = new CountDownLatch(1);
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 3))
                .handler((task, run) -> {
                    if (run.attempt() == 1) {
                        run.progress(0.8, "first");
                        throw new IllegalStateException("again");
                    }
                    if (run.attempt() == 2) {
                        await(second);
                        throw new IllegalStateException("again, silently");
                    }
                    run.progress(0.1, "third");
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        database.await("select exists (select from running where id = ? and attempt = 2)", id);

        assertThat(progress(tasks, id).attempt()).isEqualTo(1);
        assertThat(progress(tasks, id).fraction()).isEqualTo(0.8);
        second.countDown();
        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(progress(tasks, id).attempt()).isEqualTo(3);
        assertThat(progress(tasks, id).fraction()).isEqualTo(0.1);
    }

    @Test
    @DisplayName("What a handler says after its event was cancelled does not count")
    void progress_afterCancel_doesNotCount() throws InterruptedException {
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    run.progress(0.3, "before");
                    told.countDown();
                    try {
                        await(cancelled);
                    } catch (InterruptedException e) { // cancelled: goes on all the same
                        boolean unused = cancelled.await(LONG.toSeconds(), TimeUnit.SECONDS);
                    }
                    run.progress(0.9, "after");
                    ended.countDown();
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        await(told);
        database.await("select exists (select from progress where event = ?)", id);

        assertThat(tasks(another()).build().cancel(id, "withdrawn")).isTrue();
        cancelled.countDown();
        await(ended);
        UUID next = tasks.append(new Task("y")); // the settler has written what it had once this has ended
        assertThat(ended(tasks, next).status()).isEqualTo(EventStatus.COMPLETED);

        assertThat(progress(tasks, id).message()).isEqualTo("before");
    }

    @Test
    @DisplayName("A word that is said while the one before is on its way is written after it")
    void progress_toldWhileTheLastIsOnItsWay_isWrittenAfterIt() throws InterruptedException {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(6));
        Hold hold = faults.hold("tell_progress", Moment.BEFORE_COMMIT);
        CountDownLatch more = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        Executor<Task> tasks = tasks(opened(Millrace.connect(faults)))
                .handler((task, run) -> {
                    run.progress(0.1, "first");
                    await(more);
                    run.progress(0.2, "second");
                    run.progress(0.3, "third");
                    told.countDown();
                    await(release);
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        hold.awaitReached();
        more.countDown();
        await(told);
        hold.release();

        database.await("select exists (select from progress where event = ? and message = 'third')", id);
        release.countDown();
        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(progress(tasks, id).message()).isEqualTo("third");
    }

    @Test
    @DisplayName("A fraction is 0 to 1; a message is cut at 1,000 bytes, and cleaned of what cannot be stored")
    void progress_odd_isRefusedOrMended() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    for (double wrong : new double[] {-0.01, 1.01, Double.NaN, Double.POSITIVE_INFINITY}) {
                        assertThatIllegalArgumentException()
                                .isThrownBy(() -> run.progress(wrong))
                                .withMessage("fraction must be 0 to 1, got " + wrong);
                    }
                    run.progress(1, task.name().equals("long") ? "é".repeat(5_000) : "a\u0000b\uD800c");
                    return null;
                })
                .build();
        UUID longer = tasks.append(new Task("long"));
        UUID odd = tasks.append(new Task("odd"));
        tasks.execute();

        assertThat(ended(tasks, longer).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(progress(tasks, longer).message()).startsWith("éé").endsWith("[cut: 10000 bytes in all]");
        assertThat(ended(tasks, odd).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(progress(tasks, odd).message()).isEqualTo("a\uFFFDb\uFFFDc");
    }
}
