package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Skipping, cancelling and retrying events, and appends in the caller's transaction. */
class SteeringTest extends WithMillrace {
    SteeringTest(TestDatabase database) {
        super(database);
    }

    @Test
    @DisplayName("R-034 skip and cancel end a pending event with a reason, due or not; it never runs")
    void skipAndCancel_pending_end() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().handler(stage).build();
        UUID skipped = tasks.append(new Task("skipped"));
        UUID cancelled = tasks.append(
                new Task("cancelled"), Append.defaults().withRunAt(Instant.now().plus(Duration.ofDays(1))));

        assertThat(tasks.skip(skipped, "weekend")).isTrue();
        assertThat(tasks.cancel(cancelled, "the order was withdrawn")).isTrue();

        tasks.start();
        assertThat(tasks.forward()).isZero();
        assertThat(event(tasks, skipped).status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(errorMessage(event(tasks, skipped))).isEqualTo("weekend");
        assertThat(event(tasks, cancelled).status()).isEqualTo(EventStatus.CANCELLED);
        assertThat(errorMessage(event(tasks, cancelled))).isEqualTo("the order was withdrawn");
        assertThat(event(tasks, cancelled).execution().retryable()).isTrue();
    }

    @Test
    @DisplayName(
            "R-005 only pending events can be skipped or cancelled: not one that runs, is over, or is another flow's")
    void skipAndCancel_notPending_isFalse() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().handler(stage).build();
        Executor<Task> other = millrace().executor("other", Task.class).build();
        UUID id = tasks.append(new Task("x"));
        assertThat(other.skip(id, "not mine")).isFalse();
        tasks.execute();
        stage.awaitEntered(1);

        assertThat(tasks.skip(id, "too late")).isFalse();
        stage.release(1);
        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(tasks.cancel(id, "too late")).isFalse();
        assertThat(tasks.cancel(UUID.randomUUID(), "nobody")).isFalse();
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName(
            "R-005 of several who end one pending event, and a worker that claims it, one ends it; a cancel also what was claimed")
    void skip_racing_oneWins() throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        Executor<Task> there = tasks(another()).build();
        tasks.start();
        for (int round = 0; round < 20; round++) {
            UUID id = tasks.append(new Task("x"));
            CyclicBarrier together = new CyclicBarrier(3);
            List<Future<Boolean>> wins = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
                wins.add(threads.submit(() -> {
                    together.await();
                    return tasks.skip(id, "skip");
                }));
                wins.add(threads.submit(() -> {
                    together.await();
                    return there.cancel(id, "cancel");
                }));
                wins.add(threads.submit(() -> {
                    together.await();
                    return tasks.forward() == 1;
                }));
            }
            boolean skipped = wins.get(0).get();
            boolean cancelled = wins.get(1).get();
            boolean started = wins.get(2).get();
            assertThat(skipped ? cancelled || started : !cancelled && !started)
                    .as("skipped %s, cancelled %s, started %s", skipped, cancelled, started)
                    .isFalse();
            assertThat(event(tasks, id).status())
                    .isEqualTo(
                            skipped ? EventStatus.SKIPPED : cancelled ? EventStatus.CANCELLED : EventStatus.COMPLETED);
        }
        assertThat(database.longValue("select count(*) from outcome")).isEqualTo(20);
    }

    @Test
    @DisplayName("R-008 whoever awaits an event hears that it was skipped")
    void await_skipped_returns() throws Exception {
        Executor<Task> tasks = tasks().build();
        UUID id = tasks.append(new Task("x"));
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<Event<Task>> waiting = threads.submit(() -> ended(tasks, id));
            tasks(another()).build().skip(id, "not needed");

            assertThat(waiting.get().status()).isEqualTo(EventStatus.SKIPPED);
        }
    }

    @Test
    @DisplayName("R-020 retry of an unknown event is refused")
    void retry_unknown_isRefused() {
        Executor<Task> tasks = tasks().build();
        UUID id = UUID.randomUUID();

        assertThatThrownBy(() -> tasks.retry(id))
                .isInstanceOf(NotFoundException.class)
                .hasMessage("event " + id + " not found in flow 'tasks'");
    }

    @Test
    @DisplayName(
            "R-076 an append in the caller's transaction becomes visible with its commit, and never was if it is rolled back")
    void append_callersTransaction_followsIt() throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> task.name()).build();
        tasks.start();
        database.execute("create table orders (id int)");
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            connection.createStatement().execute("insert into millrace.orders values (1)");
            UUID lost = tasks.append(connection, new Task("lost"));
            assertThat(tasks.forward()).isZero();
            connection.rollback();
            assertThat(tasks.contains(lost)).isFalse();

            connection.createStatement().execute("insert into millrace.orders values (2)");
            UUID kept = tasks.append(connection, new Task("kept"), Append.priority(3));
            assertThat(tasks.contains(kept)).isFalse();
            connection.commit();

            assertThat(tasks.forward()).isEqualTo(1);
            assertThat(event(tasks, kept).status()).isEqualTo(EventStatus.COMPLETED);
            assertThat(event(tasks, kept).priority()).isEqualTo(3);
            assertThat(connection.getAutoCommit())
                    .as("the connection is left as it was")
                    .isFalse();
            assertThat(connection.isClosed()).isFalse();
            connection.rollback();
        } finally {
            database.execute("drop table orders");
        }
    }

    @Test
    @DisplayName("R-076 an append in the caller's connection without a transaction is refused, and stores nothing")
    void append_autocommit_isRefused() throws SQLException {
        Executor<Task> tasks = tasks().build();
        try (Connection connection = database.connect()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tasks.append(connection, new Task("x")))
                    .withMessageStartingWith("the connection is in autocommit mode");
        }
        assertThat(counts(tasks)).isEmpty();
    }

    @Test
    @DisplayName(
            "R-074 an append in the caller's transaction that fails leaves it to the caller to roll back; nothing is stored")
    void append_callersTransactionDuplicate_isRefused() throws SQLException {
        Executor<Task> tasks = tasks().build();
        UUID id = tasks.append(new Task("x"));
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            tasks.append(connection, new Task("with it"));
            assertThatThrownBy(() -> tasks.append(
                            connection, new Task("y"), Append.defaults().withId(id)))
                    .hasMessageContaining("event " + id + " already exists");
            connection.rollback();
        }

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
    }
}
