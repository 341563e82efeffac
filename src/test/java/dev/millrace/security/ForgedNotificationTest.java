package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.EventStatus;
import dev.millrace.event.StatusMove;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Every login of a database may notify. A worker only looks when it is notified, and believes the database. */
@PostgresTest
@NotPooled("is about LISTEN")
class ForgedNotificationTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    private final TestDatabase database;
    private final CountDownLatch running = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final AtomicInteger interrupts = new AtomicInteger();
    private final List<StatusMove> moves = new CopyOnWriteArrayList<>();

    ForgedNotificationTest(TestDatabase database) {
        this.database = database;
    }

    record Task(String name) {}

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    @Test
    @DisplayName("13.10 a forged order to cancel interrupts no handler, and a real one still does")
    void notify_forgedCancel_interruptsNobody() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .listener(moves::add)
                    .voidHandler((task, run) -> run())
                    .build();
            tasks.execute();
            database.await("select exists (select from worker where listening)");
            UUID id = tasks.append(new Task("one"));
            running.await();

            forge(id, 2_000);
            awaitHeard(millrace);
            mayEnd.countDown();

            assertThat(tasks.await(id, LONG))
                    .hasValueSatisfying(event -> assertThat(event.status()).isEqualTo(EventStatus.COMPLETED));
            assertThat(interrupts).hasValue(0);
            assertThat(moves).extracting(StatusMove::to).doesNotContain(EventStatus.CANCELLED);
        }
    }

    @Test
    @DisplayName("13.10 a forged order that comes before the claim calls nothing off")
    void notify_forgedCancelBeforeTheClaim_isForgotten() throws Exception {
        mayEnd.countDown();
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> run())
                    .build();
            UUID id = tasks.append(new Task("one"));
            tasks.start();
            database.await("select exists (select from worker where listening)");

            forge(id, 10);
            awaitHeard(millrace);
            tasks.execute();

            assertThat(tasks.await(id, LONG))
                    .hasValueSatisfying(
                            event -> assertThat(event.execution().attempt()).isEqualTo(1));
        }
    }

    private void run() {
        running.countDown();
        try {
            mayEnd.await();
        } catch (InterruptedException e) {
            interrupts.incrementAndGet();
        }
    }

    /** Sends orders to the worker's own channel, as whoever can read the table of workers may. */
    private void forge(UUID id, int times) throws SQLException {
        try (Connection connection = database.connect();
                PreparedStatement forged =
                        connection.prepareStatement("select pg_notify(w.channel::text, ?) from millrace.worker w")) {
            for (int i = 0; i < times; i++) {
                forged.setString(1, "cancel " + (i % 2 == 0 ? id : UUID.randomUUID()));
                forged.executeQuery().close();
            }
            for (String garbage :
                    List.of("cancel", "cancel x", "pause", "pause -1", "pause 99999999999", "\u0001", "-1")) {
                forged.setString(1, garbage);
                forged.executeQuery().close();
            }
        }
    }

    /** Cancels a running event of another flow: once its handler is interrupted, all that was sent before has been heard. */
    private void awaitHeard(Millrace millrace) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Executor<Task> marks = millrace.executor("marks", Task.class)
                .voidHandler((task, run) -> {
                    begun.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        interrupted.countDown();
                    }
                })
                .build();
        marks.execute();
        UUID mark = marks.append(new Task("mark"));
        begun.await();
        database.query("select millrace.cancel(?, 'heard')", mark);
        interrupted.await();
        marks.stop();
    }
}
