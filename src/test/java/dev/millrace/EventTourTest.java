package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventJson;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExceptionGroup;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Reference 004, "Event: async execution with lifecycle tracking", section by section, durable. */
class EventTourTest extends WithMillrace {
    EventTourTest(TestDatabase database) {
        super(database);
    }

    private Executor<Task> answering(Object value) {
        return tasks().handler((task, run) -> value).build();
    }

    private Executor<Task> failing(String message) {
        return tasks().handler((task, run) -> {
                    throw new IllegalArgumentException(message);
                })
                .build();
    }

    @Test
    @DisplayName("004 section 1: pending without a response, invoked, completed with 42 and a duration")
    void section1_construction() throws InterruptedException {
        Executor<Task> tasks = answering(42);
        Event<Task> event = tasks.newEvent(new Task("x"), Append.defaults());
        assertThat(event.status()).isEqualTo(EventStatus.PENDING);
        assertThat(event.execution().response()).isNull();
        tasks.append(event);

        JsonNode result = tasks.invoke(event.id());

        assertThat(result.asInt()).isEqualTo(42);
        Event<Task> done = event(tasks, event.id());
        assertThat(done).isEqualTo(event);
        assertThat(done.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(done.execution().response()).isEqualTo(result);
        assertThat(done.execution().duration()).isNotNull();
    }

    @Test
    @DisplayName("004 section 2: pending, then processing, then completed; a handler can see its event processing")
    void section2_lifecycle() throws InterruptedException {
        List<EventStatus> history = new CopyOnWriteArrayList<>();
        Executor<Task> reader = tasks(another()).build();
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    history.add(event(reader, run.id()).status());
                    return "done";
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        history.add(event(tasks, id).status());

        tasks.invoke(id);

        history.add(event(tasks, id).status());
        assertThat(history).containsExactly(EventStatus.PENDING, EventStatus.PROCESSING, EventStatus.COMPLETED);
    }

    @Test
    @DisplayName(
            "004 section 3: after a success error None, retryable False; after a failure the error, retryable True (R-010)")
    void section3_successAndFailure() throws InterruptedException {
        Executor<Task> tasks = answering("success!");
        UUID success = tasks.append(new Task("x"));
        assertThat(tasks.invoke(success).asText()).isEqualTo("success!");
        assertThat(event(tasks, success).execution().error()).isEqualTo(NullNode.instance);
        assertThat(event(tasks, success).execution().retryable()).isFalse();

        Executor<Task> broken = failing("Something broke");
        UUID failure = broken.append(new Task("x"));
        assertThat(broken.invoke(failure)).isNull();
        assertThat(event(broken, failure).status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(event(broken, failure))).isEqualTo("Something broke");
        assertThat(event(broken, failure).execution().retryable()).isTrue();
    }

    @Test
    @DisplayName("004 section 4: in time completes; past the timeout is cancelled, TimeoutError, retryable (R-016)")
    void section4_timeouts() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    boolean slow = task.name().equals("slow");
                    return slow && new CountDownLatch(1).await(5, TimeUnit.MINUTES) ? "never" : "in time";
                })
                .build();
        UUID fast = tasks.append(new Task("fast"), Append.timeout(LONG));
        UUID slow = tasks.append(new Task("slow"), Append.timeout(Duration.ofMillis(50)));

        assertThat(tasks.invoke(fast).asText()).isEqualTo("in time");
        assertThat(tasks.invoke(slow)).isNull();

        assertThat(event(tasks, slow).status()).isEqualTo(EventStatus.CANCELLED);
        assertThat(errorName(event(tasks, slow))).contains("TimeoutError");
        assertThat(errorMessage(event(tasks, slow))).isEqualTo("Operation timed out after 0.05s");
        assertThat(event(tasks, slow).execution().retryable()).isTrue();
    }

    @Test
    @DisplayName("004 section 5: repeated and concurrent calls return the first result without running again (R-009)")
    void section5_idempotency() throws Exception {
        AtomicInteger counter = new AtomicInteger();
        Executor<Task> tasks = tasks().handler((task, run) -> "result_" + counter.incrementAndGet())
                .build();
        UUID id = tasks.append(new Task("x"));

        assertThat(tasks.invoke(id).asText()).isEqualTo("result_1");
        assertThat(tasks.invoke(id).asText()).isEqualTo("result_1");
        Callable<JsonNode> call = () -> tasks.invoke(id);
        try (ExecutorService callers = Executors.newFixedThreadPool(3)) {
            for (Future<JsonNode> result : callers.invokeAll(List.of(call, call, call))) {
                assertThat(result.get().asText()).isEqualTo("result_1");
            }
        }
        assertThat(counter).hasValue(1);
    }

    @Test
    @DisplayName(
            "004 section 6: a fresh event has a new id, is pending and unset, keeps copied notes, and names its original")
    void section6_retryPattern() throws InterruptedException {
        Executor<Task> tasks = failing("Network timeout");
        UUID id = tasks.append(new Task("x"), Append.defaults().withNote("tenant", "acme"));
        tasks.invoke(id);
        Event<Task> original = event(tasks, id);

        Event<Task> fresh = original.asFreshEvent(true);

        assertThat(fresh.id()).isNotEqualTo(id);
        assertThat(fresh.status()).isEqualTo(EventStatus.PENDING);
        assertThat(fresh.execution().response()).isNull();
        assertThat(fresh.metadata().at("/original/id").asText()).isEqualTo(id.toString());
        assertThat(fresh.metadata().path("attempt").asInt()).isEqualTo(2);
        assertThat(fresh.metadata().path("tenant").asText()).isEqualTo("acme");
        tasks.append(fresh);
        tasks.invoke(fresh.id());
        assertThat(event(tasks, fresh.id()).status()).isEqualTo(EventStatus.FAILED);
        assertThat(event(tasks, fresh.id()).metadata()).isEqualTo(fresh.metadata());
    }

    @Test
    @DisplayName("004 section 7: a group of three errors is stored with its three members (R-026)")
    void section7_exceptionGroup() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    throw new ExceptionGroup(
                            "multiple errors",
                            List.of(
                                    new IllegalArgumentException("validation error"),
                                    new ClassCastException("type mismatch"),
                                    new NoSuchElementException("missing key")));
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.invoke(id);

        JsonNode error = event(tasks, id).execution().error();

        assertThat(error.path("error").asText()).isEqualTo("ExceptionGroup");
        assertThat(error.path("message").asText()).isEqualTo("multiple errors (3 sub-exceptions)");
        List<String> members = new ArrayList<>();
        for (JsonNode member : error.path("exceptions")) {
            members.add(member.path("error").asText() + ": "
                    + member.path("message").asText());
        }
        assertThat(members)
                .containsExactly(
                        "IllegalArgumentException: validation error",
                        "ClassCastException: type mismatch",
                        "NoSuchElementException: missing key");
        assertThat(event(tasks, id).execution().retryable()).isTrue();
    }

    @Test
    @DisplayName(
            "004 section 8: unset and None are two things; as data both are null, and the status tells them apart (R-021)")
    void section8_unsetAndNone() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        UUID pending = tasks.append(new Task("pending"));
        UUID none = tasks.append(new Task("none"));

        assertThat(tasks.invoke(none)).isEqualTo(NullNode.instance);

        assertThat(event(tasks, pending).execution().response()).isNull();
        assertThat(event(tasks, none).execution().response()).isEqualTo(NullNode.instance);
        JsonNode unset = EventJson.write(event(tasks, pending).execution());
        JsonNode isNull = EventJson.write(event(tasks, none).execution());
        assertThat(unset.get("response")).isEqualTo(NullNode.instance);
        assertThat(isNull.get("response")).isEqualTo(NullNode.instance);
        assertThat(unset.path("status").asText()).isEqualTo("pending");
        assertThat(isNull.path("status").asText()).isEqualTo("completed");
    }
}
