package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Flow;
import dev.millrace.event.Progression;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
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

/** Reference 001, "Processor/Executor: event processing with flow-based state tracking", section by section, durable. */
class ProcessorTourTest extends WithMillrace {
    ProcessorTourTest(TestDatabase database) {
        super(database);
    }

    record Simple(String taskName, int result) {}

    private ExecutorBuilder<Simple> simple(String name) {
        return millrace()
                .executor(name, Simple.class)
                .queueCapacity(10)
                .capacityRefreshTime(Duration.ofMillis(100))
                .concurrencyLimit(5)
                .handler((task, run) -> task.result());
    }

    private static List<UUID> appendSimple(Executor<Simple> executor, int number) {
        return executor.appendAll(IntStream.range(0, number)
                .mapToObj(i -> new Simple("task_" + i, i))
                .toList());
    }

    private static void appendThreePriorities(Executor<Simple> executor) {
        executor.append(new Simple("low_priority", 1), Append.priority(10));
        executor.append(new Simple("high_priority", 2), Append.priority(1));
        executor.append(new Simple("medium_priority", 3), Append.priority(5));
    }

    @Test
    @DisplayName("001 section 1: a fresh executor counts seven zeros, in the order of the statuses (R-084)")
    void section1_basicSetup() {
        Executor<Simple> executor = simple("simple_executor").build();

        assertThat(executor.statusCounts().keySet()).containsExactlyElementsOf(EventStatus.all());
        assertThat(executor.statusCounts().values()).containsOnly(0L);
        assertThat(executor.name()).isEqualTo("simple_executor");
    }

    @Test
    @DisplayName("001 section 2: three events of three priorities are pending, best first, before anything is started")
    void section2_priorities() {
        Executor<Simple> executor = simple("simple_executor").build();
        appendThreePriorities(executor);

        assertThat(executor.summary())
                .isEqualTo(
                        "Executor(total=3, pending=3, processing=0, completed=0, failed=0, cancelled=0, skipped=0, aborted=0)");
        assertThat(executor.pendingEvents())
                .extracting(event -> event.payload().taskName())
                .containsExactly("high_priority", "medium_priority", "low_priority");
    }

    @Test
    @DisplayName(
            "001 section 3: after one forward the queries show three completed, run by priority (R-075), with their results")
    void section3_statusQueries() throws InterruptedException {
        Executor<Simple> executor =
                simple("simple_executor").concurrencyLimit(1).build();
        appendThreePriorities(executor);
        executor.start();
        executor.forward();

        List<String> completed = new ArrayList<>();
        executor.events("completed")
                .forEach(event -> completed.add(event.payload().taskName() + ": result="
                        + event.execution().response()));
        assertThat(completed)
                .containsExactly("high_priority: result=2", "medium_priority: result=3", "low_priority: result=1");
        assertThat(executor.inspectState()).isEqualTo("""
                        Executor State (simple_executor):
                          pending: 0 events
                          processing: 0 events
                          completed: 3 events
                          failed: 0 events
                          cancelled: 0 events
                          skipped: 0 events
                          aborted: 0 events""");
    }

    @Test
    @DisplayName(
            "001 section 4: a check that grants two in all leaves two of four pending, aborted with the third denial")
    void section4_permissionChecks() throws InterruptedException {
        AtomicInteger requests = new AtomicInteger();
        Executor<Simple> executor = simple("rate")
                .denialBackOff(Duration.ZERO)
                .permission(event -> Permission.of(requests.incrementAndGet() <= 2))
                .build();
        appendSimple(executor, 4);
        executor.start();

        executor.forward();
        assertThat(executor.summary())
                .isEqualTo(
                        "Executor(total=4, pending=2, processing=0, completed=2, failed=0, cancelled=0, skipped=0, aborted=0)");
        executor.forward();
        assertThat(counts(executor)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L, EventStatus.PENDING, 2L));
        executor.forward();

        assertThat(counts(executor)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L, EventStatus.ABORTED, 2L));
    }

    @Test
    @DisplayName("001 section 5: with a limit of two, five events never run more than two at once (R-056)")
    void section5_concurrency() throws InterruptedException {
        AtomicInteger active = new AtomicInteger();
        List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
        Executor<Simple> executor = simple("concurrency")
                .concurrencyLimit(2)
                .handler((task, run) -> {
                    seen.add(active.incrementAndGet());
                    return active.decrementAndGet();
                })
                .build();
        appendSimple(executor, 5);
        executor.start();

        executor.forward();

        assertThat(seen).hasSize(5).allSatisfy(running -> assertThat(running).isBetween(1, 2));
        assertThat(counts(executor)).isEqualTo(Map.of(EventStatus.COMPLETED, 5L));
    }

    @Test
    @DisplayName("001 section 6: a streaming event of three chunks is completed, not left pending (R-040, list I.1)")
    void section6_streaming() throws InterruptedException {
        Executor<Simple> executor = simple("stream")
                .streamHandler((task, run) -> IntStream.range(0, task.result()).mapToObj(i -> "chunk_" + i))
                .build();
        UUID id = executor.append(new Simple("stream", 3), Append.defaults().streamed());
        executor.start();

        executor.forward();

        assertThat(event(executor, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(executor.chunks(id, 0, 10))
                .extracting(JsonNode::asText)
                .containsExactly("chunk_0", "chunk_1", "chunk_2");
        assertThat(count(executor, EventStatus.COMPLETED)).isEqualTo(1);
    }

    @Test
    @DisplayName("001 section 7, manual: nothing runs before forward; start alone prepares (R-078)")
    void section7_manual() throws InterruptedException {
        Executor<Simple> executor = simple("manual").build();
        appendSimple(executor, 3);
        executor.start();
        assertThat(counts(executor)).isEqualTo(Map.of(EventStatus.PENDING, 3L));

        executor.forward();

        assertThat(counts(executor)).isEqualTo(Map.of(EventStatus.COMPLETED, 3L));
    }

    @Test
    @DisplayName("001 section 7, background: execute completes them by itself until it is stopped")
    void section7_background() throws InterruptedException {
        Executor<Simple> executor = simple("background").build();
        appendSimple(executor, 3);

        executor.execute();

        assertThat(executor.join(LONG)).isTrue();
        executor.stop();
        assertThat(executor.isExecuting()).isFalse();
        assertThat(counts(executor)).isEqualTo(Map.of(EventStatus.COMPLETED, 3L));
    }

    @Test
    @DisplayName("001 section 8: the state as data has the model's six keys in its order, and comes back whole")
    void section8_serialization() throws InterruptedException {
        Executor<Simple> executor = simple("serializable_exec").build();
        appendSimple(executor, 5);
        executor.start();
        executor.forward();

        JsonNode data = executor.snapshot().toJson();

        List<String> keys = new ArrayList<>();
        data.fieldNames().forEachRemaining(keys::add);
        assertThat(keys).startsWith("id", "created_at", "metadata", "name", "items", "progressions");
        Flow restored = Flow.fromJson(data);
        assertThat(restored.name()).isEqualTo("serializable_exec");
        assertThat(restored.items().size()).isEqualTo(5);
        assertThat(restored.progressions())
                .extracting(Progression::name)
                .containsExactly("pending", "processing", "completed", "failed", "cancelled", "skipped", "aborted");
        List<UUID> completed = new ArrayList<>();
        for (Event<Simple> event : executor.completedEvents()) {
            completed.add(event.id());
        }
        assertThat(restored.getProgression("completed").order()).containsExactlyElementsOf(completed);
    }
}
