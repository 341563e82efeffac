package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Flow;
import dev.millrace.event.Progression;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.PermissionCheck;
import dev.millrace.work.RateLimit;
import dev.millrace.work.Run;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Reference 000, "Building an Event Processing System", part by part, durable. */
class TutorialTest extends WithMillrace {
    TutorialTest(TestDatabase database) {
        super(database);
    }

    record ApiCall(String endpoint, String method) {
        static ApiCall get(String endpoint) {
            return new ApiCall(endpoint, "GET");
        }
    }

    /** The tutorial's simulated API: some endpoints fail. */
    private static Map<String, Object> send(ApiCall call, Run<ApiCall> run) {
        if (call.endpoint().contains("fail")) {
            throw new IllegalStateException("API error: " + call.endpoint());
        }
        return Map.of("status", 200, "endpoint", call.endpoint(), "method", call.method());
    }

    private ExecutorBuilder<ApiCall> api(String name) {
        return millrace()
                .executor(name, ApiCall.class)
                .queueCapacity(10)
                .capacityRefreshTime(Duration.ofMillis(500))
                .concurrencyLimit(5)
                .handler(TutorialTest::send);
    }

    private static List<UUID> appendEndpoints(Executor<ApiCall> executor, List<String> endpoints) {
        return executor.appendAll(endpoints.stream().map(ApiCall::get).toList());
    }

    private static List<UUID> appendNumbered(Executor<ApiCall> executor, String path, int number) {
        return appendEndpoints(
                executor, IntStream.range(0, number).mapToObj(i -> path + i).toList());
    }

    private static List<String> endpoints(Iterable<Event<ApiCall>> events) {
        List<String> endpoints = new ArrayList<>();
        events.forEach(event -> endpoints.add(event.payload().endpoint()));
        return endpoints;
    }

    @Test
    @DisplayName("000 part 1: an event is invoked and has result, status and duration (R-008)")
    void part1_defineEvents() throws InterruptedException {
        Executor<ApiCall> calls = api("api").build();
        UUID id = calls.append(ApiCall.get("/users/123"), Append.priority(5));

        JsonNode result = calls.invoke(id);

        assertThat(result.path("status").asInt()).isEqualTo(200);
        Event<ApiCall> event = event(calls, id);
        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.execution().duration()).isNotNull();
        assertThat(event.payload()).isEqualTo(new ApiCall("/users/123", "GET"));
    }

    @Test
    @DisplayName(
            "000 parts 2 and 3: an executor with its settings is there before anything runs, with seven progressions (R-073)")
    void part2And3_createExecutor() {
        Executor<ApiCall> calls = api("api_executor").build();

        assertThat(calls.summary())
                .isEqualTo(
                        "Executor(total=0, pending=0, processing=0, completed=0, failed=0, cancelled=0, skipped=0, aborted=0)");
        assertThat(calls.snapshot().progressions())
                .extracting(Progression::name)
                .containsExactly("pending", "processing", "completed", "failed", "cancelled", "skipped", "aborted");
    }

    @Test
    @DisplayName("000 part 4: five calls are appended and one batch completes them, with no sleep after it (R-053)")
    void part4_addAndProcess() throws InterruptedException {
        Executor<ApiCall> calls = api("api").build();
        appendEndpoints(calls, List.of("/users/1", "/posts/42", "/comments/99", "/users/2", "/posts/43"));
        assertThat(calls.pendingEvents()).hasSize(5);

        calls.start();
        calls.forward();

        assertThat(counts(calls)).isEqualTo(Map.of(EventStatus.COMPLETED, 5L));
        assertThat(calls.completedEvents())
                .extracting(event -> event.execution().response().path("status").asInt())
                .containsOnly(200);
    }

    @Test
    @DisplayName(
            "000 part 5: with a limit of three, one forward over six gives 3 completed and 3 pending, and never a strike")
    void part5_rateLimiting() throws InterruptedException {
        Executor<ApiCall> calls =
                api("rate_limited_api").permission(RateLimit.of(3, LONG)).build();
        appendNumbered(calls, "/data/", 6);
        calls.start();

        calls.forward();

        assertThat(counts(calls)).isEqualTo(Map.of(EventStatus.COMPLETED, 3L, EventStatus.PENDING, 3L));
        assertThat(endpoints(calls.completedEvents())).containsExactlyInAnyOrder("/data/0", "/data/1", "/data/2");
        assertThat(database.longValue("select count(*) from attempt")).isZero();
    }

    @Test
    @DisplayName(
            "000 part 5, as it is written: a limiter of one's own that denies gives 3 completed and 3 pending as well")
    void part5_ownLimiter() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        PermissionCheck<ApiCall> threeInAll = event -> Permission.of(asked.incrementAndGet() <= 3);
        Executor<ApiCall> calls = api("rate_limited_api").permission(threeInAll).build();
        appendNumbered(calls, "/data/", 6);
        calls.start();

        calls.forward();

        assertThat(counts(calls)).isEqualTo(Map.of(EventStatus.COMPLETED, 3L, EventStatus.PENDING, 3L));
    }

    @Test
    @DisplayName("000 part 6: failures land in failed with error and flag, and can be retried as fresh events")
    void part6_handleFailures() throws InterruptedException {
        Executor<ApiCall> calls = api("api").build();
        appendEndpoints(calls, List.of("/users/1", "/fail/endpoint", "/posts/42", "/fail/another", "/comments/99"));
        calls.start();
        calls.forward();

        assertThat(counts(calls)).isEqualTo(Map.of(EventStatus.COMPLETED, 3L, EventStatus.FAILED, 2L));
        List<Event<ApiCall>> failed = new ArrayList<>();
        calls.failedEvents().forEach(failed::add);
        assertThat(failed).allSatisfy(event -> {
            assertThat(errorMessage(event))
                    .isEqualTo("API error: " + event.payload().endpoint());
            assertThat(event.execution().retryable()).isTrue();
        });

        List<UUID> fresh =
                failed.stream().map(event -> calls.append(event.asFreshEvent())).toList();
        assertThat(calls.forward()).isEqualTo(2);

        assertThat(fresh).allSatisfy(id -> assertThat(event(calls, id).status()).isEqualTo(EventStatus.FAILED));
        assertThat(event(calls, fresh.getFirst()).metadata().at("/original/id").asText())
                .isEqualTo(failed.getFirst().id().toString());
    }

    @Test
    @DisplayName("000 part 7: priorities given before start decide the order (R-075)")
    void part7_priorities() throws InterruptedException {
        List<String> ran = Collections.synchronizedList(new ArrayList<>());
        Executor<ApiCall> calls = api("priority_api")
                .concurrencyLimit(1)
                .handler((call, run) -> ran.add(call.endpoint()))
                .build();
        calls.append(ApiCall.get("/logs/upload"), Append.priority(20)); // low
        calls.append(ApiCall.get("/alerts/fire"), Append.priority(1)); // critical
        calls.append(ApiCall.get("/data/sync"), Append.priority(10)); // normal
        calls.append(ApiCall.get("/payment/process"), Append.priority(5)); // high
        calls.append(ApiCall.get("/cache/cleanup"), Append.priority(20)); // low

        calls.start();
        calls.forward();

        assertThat(ran)
                .containsExactly("/alerts/fire", "/payment/process", "/data/sync", "/logs/upload", "/cache/cleanup");
        assertThat(endpoints(calls.completedEvents())).isEqualTo(ran);
    }

    @Test
    @DisplayName("000 part 8: monitoring between forwards: eight calls, capacity five, are done in two")
    void part8_monitoring() throws InterruptedException {
        Executor<ApiCall> calls =
                api("monitored_api").queueCapacity(5).concurrencyLimit(2).build();
        appendNumbered(calls, "/task/", 8);
        calls.start();

        List<Map<EventStatus, Long>> seen = new ArrayList<>();
        for (int iteration = 0; iteration < 3; iteration++) {
            calls.forward();
            seen.add(counts(calls));
        }

        assertThat(seen)
                .containsExactly(
                        Map.of(EventStatus.COMPLETED, 5L, EventStatus.PENDING, 3L),
                        Map.of(EventStatus.COMPLETED, 8L),
                        Map.of(EventStatus.COMPLETED, 8L));
        assertThat(calls.inspectState()).isEqualTo("""
                        Executor State (monitored_api):
                          pending: 0 events
                          processing: 0 events
                          completed: 8 events
                          failed: 0 events
                          cancelled: 0 events
                          skipped: 0 events
                          aborted: 0 events""");
        assertThat(calls.completedEvents())
                .allSatisfy(event -> assertThat(event.execution().duration()).isNotNull());
    }

    @Test
    @DisplayName("000 part 9, pattern 1: clean-up of completed and failed events (R-088)")
    void part9_cleanup() throws InterruptedException {
        Executor<ApiCall> calls = api("api").queueCapacity(5).build();
        appendNumbered(calls, "/task/", 10);
        calls.start();
        calls.forward();

        long removed = calls.cleanupEvents(List.of(EventStatus.COMPLETED, EventStatus.FAILED));

        assertThat(removed).isEqualTo(5);
        assertThat(counts(calls)).isEqualTo(Map.of(EventStatus.PENDING, 5L));
        assertThat(database.longValue("select count(*) from event")).isEqualTo(5);
    }

    @Test
    @DisplayName(
            "000 part 9, pattern 2: the state as data, and back (R-032); there, the length of items is six (R-098)")
    void part9_persistence() throws InterruptedException {
        Executor<ApiCall> calls = api("api").queueCapacity(5).build();
        appendNumbered(calls, "/task/", 10);
        calls.start();
        calls.forward();

        JsonNode data = calls.snapshot().toJson();

        assertThat(data.path("items")).hasSize(6);
        assertThat(data.path("progressions")).hasSize(6);
        Flow restored = Flow.fromJson(data);
        assertThat(restored.items().size()).isEqualTo(10);
        assertThat(restored.getProgression("completed").size()).isEqualTo(5);
        assertThat(restored.toJson()).isEqualTo(data);
    }

    @Test
    @DisplayName(
            "000 part 9, pattern 3: graceful shutdown: the loop is stopped, what runs settles, the rest stays pending")
    void part9_gracefulShutdown() throws InterruptedException {
        Millrace process = another();
        Executor<ApiCall> calls = process.executor("shutdown", ApiCall.class)
                .queueCapacity(2)
                .capacityRefreshTime(Duration.ofHours(1))
                .handler(TutorialTest::send)
                .build();
        appendNumbered(calls, "/shutdown/", 5);
        calls.execute();
        database.await("select count(*) = 2 from outcome");

        calls.stop();
        assertThat(calls.isExecuting()).isFalse();
        process.close();

        Executor<ApiCall> next = millrace()
                .executor("shutdown", ApiCall.class)
                .handler(TutorialTest::send)
                .build();
        assertThat(counts(next)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L, EventStatus.PENDING, 3L));
        next.start();
        next.join();
        assertThat(counts(next)).isEqualTo(Map.of(EventStatus.COMPLETED, 5L));
    }
}
