package dev.millrace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.EndedException;
import dev.millrace.event.Errors;
import dev.millrace.event.EventFilter;
import dev.millrace.event.EventJson;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Json;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Events are watched and steered by SQL as by the library. */
class SqlSteeringTest extends WithSql {
    private static final UUID NOBODY = UUID.fromString("00000000-0000-7000-8000-000000000001");

    SqlSteeringTest(TestDatabase database) {
        super(database);
    }

    @Test
    @DisplayName("12.13 SQL calls an event an event in every message")
    void messages_always_sayEvent() {
        assertThat(
                        database.list(
                                String.class,
                                "select proname::text from pg_proc where pronamespace = 'millrace'::regnamespace and prosrc ~* 'item %s'"))
                .isEmpty();
    }

    @Test
    void cancelAndSkip_ofPendingEvents_endThemAsTheLibraryDoes() {
        Executor<Task> tasks = tasks().build();
        Append later = Append.defaults().withRunAt(Instant.now().plus(Duration.ofDays(1)));
        String reason = "é\u0001 ".repeat(4000); // over the cap of messages
        for (EventStatus status : List.of(EventStatus.CANCELLED, EventStatus.SKIPPED)) {
            String function = status == EventStatus.CANCELLED ? "cancel" : "skip";
            for (Append options : List.of(Append.defaults(), later)) {
                UUID id = tasks.append(new Task("1"), options);
                assertThat(database.text("select %s(?, ?)".formatted(function), id, reason))
                        .isEqualTo("true");
                assertThat(database.text("select %s(?, ?)".formatted(function), id, reason))
                        .isEqualTo("false");
                assertThat(event(tasks, id).execution().status()).isEqualTo(status);
                assertThat(event(tasks, id).execution().error())
                        .isEqualTo(Errors.document(new EndedException(status, reason)));
                assertThat(database.text("select status(?)", id)).isEqualTo(status.toString());
            }
        }
        assertThat(database.text("select cancel(?, 'x')", NOBODY)).isEqualTo("false");
        assertThatThrownBy(() -> database.text("select cancel(?, null)", NOBODY))
                .hasMessageContaining("reason must not be null");
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.CANCELLED, 2L, EventStatus.SKIPPED, 2L));
    }

    @Test
    void cancel_ofARunningEvent_interruptsItsHandler() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    running.countDown();
                    try {
                        return new CountDownLatch(1).await(60, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        interrupted.countDown();
                        throw e;
                    }
                })
                .build();
        tasks.start();
        tasks.execute();
        UUID id = tasks.append(new Task("1"));
        assertThat(running.await(60, TimeUnit.SECONDS)).isTrue();

        assertThat(database.text("select skip(?, 'why')", id)).isEqualTo("false");
        assertThat(database.text("select cancel(?, 'why')", id)).isEqualTo("true");

        assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(ended(tasks, id).execution().status()).isEqualTo(EventStatus.CANCELLED);
        assertThat(requireNonNull(event(tasks, id).execution().duration())).isPositive();
    }

    @Test
    void reprioritize_andRetry_moveAndRefuseAsTheLibraryDoes() {
        Executor<Task> tasks = tasks().maxQueueSize(3).build();
        UUID first = tasks.append(new Task("first"), Append.priority(1));
        UUID second = tasks.append(new Task("second"), Append.priority(2));
        database.query("select reprioritize(?, 3)", first);
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("second", "first");
        assertThatThrownBy(() -> database.query("select reprioritize(?, 'NaN')", first))
                .hasMessageContaining("Priority must be finite and not NaN, got NaN");
        assertThatThrownBy(() -> database.query("select reprioritize(?, 1)", NOBODY))
                .hasMessageContaining("event " + NOBODY + " not found");

        assertSame(() -> database.query("select retry(?)", second), () -> tasks.retry(second));
        assertThat(tasks.cancel(second, "why")).isTrue();
        assertSame(() -> database.query("select reprioritize(?, 1)", second), () -> tasks.reprioritize(second, 1));
        UUID fresh = database.list(UUID.class, "select retry(?)", second).getFirst();
        UUID other = tasks.retry(second);
        assertThatThrownBy(() -> database.query("select retry(?)", second))
                .hasMessageContaining("Queue size (3) exceeds max (3)");
        assertThat(event(tasks, fresh).metadata()).isEqualTo(event(tasks, other).metadata());
        assertThat(event(tasks, fresh).payload()).isEqualTo(new Task("second"));
        assertThatThrownBy(() -> database.query("select retry(?)", NOBODY)).hasMessageContaining("not found");
        assertThat(database.list(UUID.class, "select event from retried")).containsExactly(other);
    }

    /** Both refuse, with the same message. */
    private static void assertSame(Runnable bySql, Runnable byLibrary) {
        Throwable expected = catchThrowable(byLibrary::run);
        assertThat(expected).isNotNull();
        assertThatThrownBy(bySql::run).hasMessageContaining("ERROR: " + expected.getMessage() + "\n");
    }

    @Test
    void pauseFlow_andResumeFlow_areSeenByTheLibrary() {
        Executor<Task> tasks = tasks().build();
        database.query("select pause_flow('tasks', 'why')");
        database.query("select pause_flow('tasks', 'again')");
        assertThat(tasks.currentPause().orElseThrow().reason()).isEqualTo("why");
        database.query("select resume_flow('tasks')");
        database.query("select resume_flow('tasks')");
        assertThat(tasks.isPaused()).isFalse();
        assertThatThrownBy(() -> database.query("select pause_flow('none')"))
                .hasMessageContaining("Flow 'none' not found");
        assertThatThrownBy(() -> database.query("select pause_flow('tasks', '')"))
                .hasMessageContaining("pause reason must not be empty");
    }

    @Test
    void eventStatusCountsAndAwait_sayWhatTheLibrarySays() throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    if (task.name().equals("bad")) {
                        throw run.fail("bad");
                    }
                    return List.of(1.50, task.name());
                })
                .build();
        UUID good = tasks.append(
                new Task("good"),
                Append.priority(1).withTimeout(Duration.ofSeconds(90)).withNote("a", "b"));
        UUID bad = tasks.append(
                new Task("bad"), Append.defaults().withDeadline(Instant.now().plusSeconds(600)));
        assertThat(database.text("select await(?, 0)", good)).isNull();
        assertSameEvent(tasks, good);
        tasks.start();
        tasks.execute();

        assertThat(database.text("select await(?, 30)", good)).isEqualTo("completed");
        assertThat(database.text("select await(?, 30)", bad)).isEqualTo("failed");
        assertSameEvent(tasks, good);
        assertSameEvent(tasks, bad);
        assertThat(database.query("select * from status_counts('tasks')"))
                .containsExactly(
                        List.of("pending", 0L),
                        List.of("processing", 0L),
                        List.of("completed", 1L),
                        List.of("failed", 1L),
                        List.of("cancelled", 0L),
                        List.of("skipped", 0L),
                        List.of("aborted", 0L));
        assertThat(database.text("select event(?)", NOBODY)).isNull();
        assertThat(database.text("select status(?)", NOBODY)).isNull();
        assertThatThrownBy(() -> database.text("select await(?, 1)", NOBODY)).hasMessageContaining("not found");
        assertThatThrownBy(() -> database.query("select status_counts('none')"))
                .hasMessageContaining("Flow 'none' not found");
    }

    private void assertSameEvent(Executor<Task> tasks, UUID id) {
        JsonNode expected = EventJson.write(tasks.json().find(id).orElseThrow());
        JsonNode actual = Json.parse(requireNonNull(database.text("select event(?)", id)));
        assertThat(actual.equals(SqlSteeringTest::compare, expected))
                .as("%s, by the library %s", actual, expected)
                .isTrue();
    }

    /** Numbers by their value, all else as it is. */
    private static int compare(JsonNode one, JsonNode other) {
        if (one.isNumber() && other.isNumber()) {
            return one.decimalValue().compareTo(other.decimalValue());
        }
        return one.equals(other) ? 0 : 1;
    }

    @Test
    @DisplayName("12.33 what SQL ends while it runs has one moment: its duration is the time between its two times")
    void endings_ofRunningEvents_haveOneMoment() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(3);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    running.countDown();
                    return new CountDownLatch(1).await(60, TimeUnit.SECONDS);
                })
                .build();
        List<UUID> ids = append(tasks, 3);
        tasks.execute();
        assertThat(running.await(60, TimeUnit.SECONDS)).isTrue();

        assertThat(database.query("select millrace.cancel(?, 'no')", ids.getFirst()))
                .isEqualTo(List.of(List.of(true)));
        assertThat(tasks.cancelAll(EventFilter.all(), "no")).isEqualTo(2);

        assertThat(database.longValue("select count(*) from outcome"
                        + " where duration = extract(epoch from finished_at - started_at)::float8"))
                .isEqualTo(3);
    }
}
