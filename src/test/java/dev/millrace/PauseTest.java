package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventStatus;
import dev.millrace.event.Pause;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Handler;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Of a paused flow nothing starts, on any worker, until it is resumed; then nothing has been lost or run twice. */
class PauseTest extends WithMillrace {
    PauseTest(TestDatabase database) {
        super(database);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName(
            "Two workers under load start nothing once a pause has taken effect; resumed, they run each event once")
    void pause_underLoad_stopsTheFleet(boolean listens) throws InterruptedException {
        int number = 1_000;
        BlockingQueue<Long> starts = new LinkedBlockingQueue<>();
        Handler<Task> handler = (task, run) -> {
            starts.add(System.nanoTime());
            LockSupport.parkNanos(2_000_000);
            return task.name();
        };
        Executor<Task> client = tasks().build();
        List<UUID> ids = append(client, number);
        List<Executor<Task>> workers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Executor<Task> worker =
                    tasks(worker(listens)).concurrencyLimit(2).handler(handler).build();
            workers.add(worker);
            worker.execute();
        }
        database.await("select count(*) >= 100 from outcome");

        client.pause("maintenance");

        long paused = System.nanoTime();
        database.await("select count(*) = 0 from running");
        long done = count(client, EventStatus.COMPLETED);
        List<Long> late = starts.stream().filter(start -> start - paused > 0).toList();
        System.out.printf(
                "after the pause %d events started, the last of them %d ms after it (%s)%n",
                late.size(),
                late.stream()
                        .mapToLong(start -> (start - paused) / 1_000_000)
                        .max()
                        .orElse(0),
                listens ? "listening" : "polling");
        assertThat(done).as("the pause came in the middle").isLessThan(number);
        assertThat(counts(client)).isEqualTo(Map.of(EventStatus.PENDING, number - done, EventStatus.COMPLETED, done));
        int started = starts.size();
        client.append(new Task("one more"));
        for (Executor<Task> worker : workers) {
            assertThat(worker.join(LONG)).isTrue(); // what is paused is not waited for
        }
        assertThat(starts).hasSize(started);

        client.resume();

        database.await("select count(*) = " + (number + 1) + " from outcome");
        assertThat(counts(client)).isEqualTo(Map.of(EventStatus.COMPLETED, (long) number + 1));
        assertThat(starts).as("each ran once").hasSize(number + 1);
        assertThat(database.longValue("select count(*) from attempt where reason <> 'pause'"))
                .isZero();
        assertThat(ids).hasSize(number);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("What was claimed ahead of a busy handler goes back soon; what runs goes on, and settles")
    void pause_withEventsClaimedAhead_givesThemBack(boolean listens) throws InterruptedException {
        CountDownLatch slow = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Executor<Task> tasks = tasks(worker(listens))
                .concurrencyLimit(2)
                .handler((task, run) -> {
                    if (Integer.parseInt(task.name()) >= 1_000) {
                        slow.countDown();
                        end.await();
                    }
                    return null;
                })
                .build();
        int number = 3_000;
        append(tasks, number);
        tasks.execute();
        slow.await();
        database.await("select count(*) > 2 from running"); // more than run at once
        Executor<Task> client = tasks().build();

        client.pause();

        database.await("select count(*) = 2 from running");
        assertThat(database.longValue("select count(*) from attempt where reason = 'pause'"))
                .isEqualTo(database.longValue("select count(*) from ready where attempt = 1"))
                .isPositive();
        end.countDown();
        database.await("select count(*) = 0 from running");
        client.resume();
        database.await("select count(*) = " + number + " from outcome where status = 2");
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, (long) number));
    }

    @Test
    @DisplayName("A pause is seen by everybody, keeps its first reason, outlives its workers, and ends when it is said")
    void pause_again_staysAsItIs() throws InterruptedException {
        Executor<Task> client = tasks().build();
        Instant before =
                database.query("select clock_timestamp()").getFirst().getFirst() instanceof java.sql.Timestamp time
                        ? time.toInstant()
                        : Instant.EPOCH;
        assertThat(client.isPaused()).isFalse();
        client.resume(); // harmless

        client.pause("because");
        Pause first = client.currentPause().orElseThrow();
        client.pause("another");
        client.pause();

        assertThat(first.reason()).isEqualTo("because");
        assertThat(first.since()).isAfterOrEqualTo(before);
        Executor<Task> later = tasks(another()).handler((task, run) -> null).build();
        assertThat(later.isPaused()).isTrue();
        assertThat(later.currentPause()).contains(first);
        assertThat(later.inspectState()).endsWith("\n  paused since " + first.since() + ": because");
        append(later, 3);
        assertThat(later.join(LONG)).isTrue();
        later.start();
        assertThat(later.forward()).isZero();
        assertThat(count(later, EventStatus.PENDING)).isEqualTo(3);

        later.resume();

        assertThat(client.currentPause()).isEmpty();
        assertThat(client.inspectState()).doesNotContain("paused");
        assertThat(later.join(LONG)).isTrue();
        assertThat(count(later, EventStatus.COMPLETED)).isEqualTo(3);
    }

    @Test
    @DisplayName("Only the flow that is paused stops, also for a worker that knows several types, and for invoke")
    void pause_ofOneFlow_leavesOthersAlone() throws InterruptedException {
        Handler<Object> handler = (task, run) -> "ran"; // one for both executors of the flow
        Executor<Task> paused = tasks().handler(handler).build();
        Executor<Task> other =
                millrace().executor("others", Task.class).handler(handler).build();
        Executor<Object> both = millrace()
                .executor("tasks", Object.class)
                .register("task", Task.class)
                .register("note", String.class)
                .handler(handler)
                .build();
        paused.pause();
        UUID id = paused.append(new Task("x"));
        UUID there = other.append(new Task("y"));
        for (Executor<?> executor : List.of(paused, other, both)) {
            executor.execute();
        }

        assertThat(ended(other, there).status()).isEqualTo(EventStatus.COMPLETED);
        Thread invoking = Thread.ofVirtual().start(() -> {
            try {
                paused.invoke(id);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(invoking.join(Duration.ofMillis(1_500))).as("invoke waits").isFalse();
        assertThat(count(paused, EventStatus.PENDING)).isOne();

        paused.resume();

        assertThat(invoking.join(LONG)).isTrue();
        assertThat(event(paused, id).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName(
            "While a flow is paused, deadlines pass, due times come, a handler's retry waits, cancel and skip work")
    void pause_meanwhile_timeGoesOn() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ofMillis(1), 2))
                .handler((task, run) -> {
                    Object answer = stage.handle(task, run);
                    if (run.failures() == 0 && task.name().equals("fails")) {
                        throw new IllegalStateException("once");
                    }
                    return answer;
                })
                .build();
        UUID failing = tasks.append(new Task("fails"));
        tasks.execute();
        stage.awaitEntered(1);
        tasks.pause();
        UUID late = tasks.append(
                new Task("late"), Append.defaults().withDeadline(Instant.now().plusMillis(300)));
        UUID due = tasks.append(
                new Task("due"), Append.defaults().withRunAt(Instant.now().plusMillis(100)));
        UUID unwanted = tasks.append(new Task("unwanted"));
        stage.releaseAll();

        assertThat(ended(tasks, late).status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(tasks.cancel(unwanted, "no")).isTrue();
        database.await("select count(*) = 2 from ready");
        assertThat(attempts(failing)).containsExactly("retry");
        assertThat(stage.names()).containsExactly("fails");

        tasks.resume();

        assertThat(ended(tasks, failing).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(ended(tasks, due).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(tasks.join(LONG)).isTrue();
    }

    @Test
    void pause_withABadReason_isRefused() {
        Executor<Task> tasks = tasks().build();

        assertThatThrownBy(() -> tasks.pause(""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pause reason must not be empty");
        assertThatThrownBy(() -> tasks.pause("a\nb")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> tasks.pause(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("reason");
        assertThat(tasks.isPaused()).isFalse();
    }
}
