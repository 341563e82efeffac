package dev.millrace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventJson;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Json;
import dev.millrace.event.Waiting;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a pending event waits with: its priority of now and its denials; and what its attempts say once it is aborted. */
class WaitingTest extends WithMillrace {
    WaitingTest(TestDatabase database) {
        super(database);
    }

    private void assertWaiting(Executor<Task> tasks, UUID id, double priority, int denials) {
        Event<Task> event = event(tasks, id);
        assertThat(event.waiting()).isEqualTo(new Waiting(priority, denials, event.dueAt()));
        assertThat(event.priority()).isEqualTo(100.0);
        assertThat(tasks.pendingEvents()).extracting(Event::waiting).containsExactly(event.waiting());
        assertThat(database.query("select priority, current_priority, denials from event_status where id = ?", id))
                .containsExactly(List.of(100.0, priority, denials));
        JsonNode bySql = Json.parse(requireNonNull(database.text("select event(?) -> 'waiting'", id)));
        JsonNode here = EventJson.write(tasks.json().find(id).orElseThrow()).path("waiting");
        assertThat(bySql.size()).isEqualTo(3);
        assertThat(bySql.path("priority").asDouble())
                .isEqualTo(here.path("priority").asDouble());
        assertThat(bySql.path("denials")).isEqualTo(here.path("denials"));
        assertThat(bySql.path("due_at")).isEqualTo(here.path("due_at"));
    }

    @Test
    @DisplayName("12.31 the current priority and the denials of a pending event are read in Java and by SQL")
    void waiting_deniedAndReprioritized_isRead() throws InterruptedException {
        Executor<Task> tasks = tasks().denialBackOff(Duration.ZERO)
                .maxDenials(10)
                .permission(event -> Permission.denied(
                        "not now", Duration.ofHours(event.execution().attempt() - 1)))
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("x"), Append.priority(100));
        assertWaiting(tasks, id, 100, 0);

        tasks.start();
        tasks.forward();
        assertWaiting(tasks, id, 101, 1);
        assertThat(event(tasks, id).dueAt()).isNull();
        tasks.forward();
        assertWaiting(tasks, id, 103, 2); // and scheduled now
        assertThat(event(tasks, id).dueAt()).isAfter(event(tasks, id).createdAt());

        tasks.reprioritize(id, -7.5);
        assertWaiting(tasks, id, -7.5, 2);

        tasks.cancel(id, "not needed");
        assertThat(event(tasks, id).waiting()).isNull();
        assertThat(database.longValue(
                        "select count(*) from event_status where current_priority is null and denials is null"))
                .isOne();
    }

    @Test
    @DisplayName("12.31 how an event waits is written as JSON and read back, and is absent where it does not wait")
    void eventJson_ofAWaitingEvent_isReadBack() {
        Executor<Task> tasks = tasks().build();
        UUID id = tasks.append(new Task("x"), Append.priority(-0.1).withRunAt(Instant.parse("2999-01-01T00:00:00Z")));

        Event<JsonNode> event = tasks.json().find(id).orElseThrow();
        Event<JsonNode> copy = EventJson.read(EventJson.write(event));

        assertThat(copy.waiting()).isEqualTo(event.waiting()).isEqualTo(new Waiting(-0.1, 0, event.dueAt()));
        assertThat(EventJson.write(copy)).isEqualTo(EventJson.write(event));
        assertThat(EventJson.write(tasks.json().find(id).orElseThrow().asFreshEvent())
                        .has("waiting"))
                .isFalse();
    }

    @Test
    @DisplayName("12.31 the denial that aborts an event is a denial in its attempts, as the ones before")
    void attempts_ofAnEventAbortedByDenials_areAllDenied() throws InterruptedException {
        Executor<Task> tasks = tasks().permission(event -> Permission.denied("never", Duration.ZERO))
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();
        for (int batch = 0; batch < 3; batch++) {
            database.execute("update scheduled set run_at = now()");
            database.await("select not exists (select from scheduled)");
            tasks.forward();
        }

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.ABORTED);
        assertThat(tasks.attempts(id))
                .extracting(EventAttempt::result)
                .containsExactly(Result.DENIED, Result.DENIED, Result.DENIED);
        assertThat(requireNonNull(tasks.attempts(id).getLast().error())
                        .path("message")
                        .asText())
                .isEqualTo("Event aborted after 3 permission denials");
        assertThat(database.list(String.class, "select result from attempts(?)", id))
                .containsExactly("denied", "denied", "denied");
    }

    @Test
    @DisplayName("12.31 the failed permission check that aborts an event is one in its attempts, as the ones before")
    void attempts_ofAnEventAbortedByFailedChecks_areAllPermissionErrors() throws InterruptedException {
        Executor<Task> tasks = tasks().maxPermissionErrors(2)
                .permission(event -> {
                    throw new IllegalStateException("broken");
                })
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.ABORTED);
        assertThat(tasks.attempts(id))
                .extracting(EventAttempt::result)
                .containsExactly(Result.PERMISSION_ERROR, Result.PERMISSION_ERROR);
    }
}
