package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.Flow;
import dev.millrace.event.Progression;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Whole flows out of rows and into rows. */
@PostgresTest
class SnapshotTest {
    private final TestDatabase database;
    private Millrace millrace;

    SnapshotTest(TestDatabase database) {
        this.database = database;
    }

    record Task(String name, String fate) {}

    @BeforeEach
    void connect() {
        database.truncateAll();
        millrace = Millrace.connect(database.newPool(8));
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    /** A flow with an event in each of the seven statuses; the latch lets the running one end. */
    private Executor<Task> inAllStatuses(CountDownLatch end, CountDownLatch running) throws InterruptedException {
        Executor<Task> tasks = millrace.executor("tasks", Task.class)
                .maxDenials(1)
                .permission(event -> Permission.of(!event.payload().fate().equals("denied")))
                .handler((task, run) -> switch (task.fate()) {
                    case "fails" -> throw new IllegalStateException("no luck");
                    case "slow" -> {
                        new CountDownLatch(1).await();
                        yield null;
                    }
                    case "runs" -> {
                        running.countDown();
                        end.await();
                        yield null;
                    }
                    default -> Map.of("done", task.name());
                })
                .build();
        tasks.append(new Task("a", "completes"));
        tasks.append(new Task("b", "completes"));
        tasks.append(new Task("c", "fails"));
        tasks.append(new Task("d", "slow"), Append.timeout(Duration.ofMillis(50)));
        tasks.append(new Task("e", "denied"));
        tasks.start();
        tasks.forward();
        UUID skipped = tasks.append(new Task("f", "completes"));
        tasks.skip(skipped, "not wanted");
        UUID runs = tasks.append(new Task("g", "runs"));
        Thread.ofVirtual()
                .start(
                        () -> { // no loop, which might claim once more while it stops
                            try {
                                tasks.invoke(runs);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        running.await();
        tasks.append(new Task("h", "completes"), Append.priority(7.0));
        tasks.append(new Task("i", "completes"), Append.priority(3.0));
        return tasks;
    }

    @Test
    @DisplayName("R-032 R-098 a snapshot of all seven statuses is what the rows say, in progression order")
    void snapshot_flowInAllStatuses_hasEveryEventInItsProgression() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Executor<Task> tasks = inAllStatuses(end, new CountDownLatch(1));
        try {
            Flow flow = tasks.snapshot();

            assertThat(flow.name()).isEqualTo("tasks");
            assertThat(flow.items().size()).isEqualTo(9);
            assertThat(flow.counts())
                    .containsExactly(
                            Map.entry("pending", 2),
                            Map.entry("processing", 1),
                            Map.entry("completed", 2),
                            Map.entry("failed", 1),
                            Map.entry("cancelled", 1),
                            Map.entry("skipped", 1),
                            Map.entry("aborted", 1));
            assertThat(names(flow, "pending")).containsExactly("i", "h");
            assertThat(tasks.snapshot().id()).isEqualTo(flow.id());
            assertThat(tasks.snapshot().getProgression("failed").id())
                    .isEqualTo(flow.getProgression("failed").id());
        } finally {
            end.countDown();
            tasks.join();
        }
    }

    @Test
    void restore_intoAnotherDatabase_keepsEveryStatusAndCarriesOn() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Executor<Task> tasks = inAllStatuses(end, new CountDownLatch(1));
        Flow flow;
        try {
            tasks.progressions().add("review");
            tasks.progressions()
                    .append(
                            "review",
                            ids(tasks, EventStatus.FAILED).getFirst(),
                            ids(tasks, EventStatus.COMPLETED).getFirst());
            flow = tasks.snapshot();
        } finally {
            end.countDown();
            tasks.join();
        }
        TestDatabase elsewhere = database.another();
        try (Millrace other = Millrace.connect(elsewhere.newPool(4))) {
            Executor<Task> restored = other.executor("restored", Task.class)
                    .handler((task, run) -> "again")
                    .build();

            restored.restore(flow);

            Flow back = restored.snapshot();
            assertThat(back.id()).isEqualTo(flow.id());
            assertThat(back.counts())
                    .containsEntry("pending", 3)
                    .containsEntry("processing", 0)
                    .containsEntry("completed", 2)
                    .containsEntry("review", 2);
            assertThat(names(back, "pending")).startsWith("i", "h");
            for (String status : List.of("completed", "failed", "cancelled", "skipped", "aborted", "review")) {
                assertThat(back.getProgression(status).order())
                        .isEqualTo(flow.getProgression(status).order());
            }
            for (UUID id : flow.getProgression("failed").order()) {
                assertThat(back.items().get(id).execution())
                        .isEqualTo(flow.items().get(id).execution());
            }
            assertThat(restored.statusCounts()).containsEntry(EventStatus.PENDING, 3L);

            restored.join();

            assertThat(restored.statusCounts())
                    .containsEntry(EventStatus.PENDING, 0L)
                    .containsEntry(EventStatus.COMPLETED, 5L);
        }
    }

    @Test
    void restore_intoFlowWithEvents_isRefused() {
        Executor<Task> tasks = millrace.executor("tasks", Task.class).build();
        tasks.append(new Task("a", "x"));
        Flow flow = tasks.snapshot();

        assertThatThrownBy(() -> tasks.restore(flow))
                .isInstanceOf(ExistsException.class)
                .hasMessageContaining("flow 'tasks' is not empty: it has 1 events");
    }

    @Test
    void restore_whileTheOriginalsExist_isRefusedAndStoresNothing() {
        Executor<Task> tasks = millrace.executor("tasks", Task.class).build();
        UUID id = tasks.append(new Task("a", "x"));
        Executor<Task> copy = millrace.executor("copy", Task.class).build();

        assertThatThrownBy(() -> copy.restore(tasks.snapshot()))
                .isInstanceOf(ExistsException.class)
                .hasMessageContaining(id.toString());

        assertThat(copy.snapshot().items().size()).isZero();
        assertThat(copy.statusCounts()).containsEntry(EventStatus.PENDING, 0L);
    }

    @Test
    void snapshot_whileEventsMove_isOneMoment() throws InterruptedException {
        Executor<Task> tasks = millrace.executor("tasks", Task.class)
                .handler((task, run) -> null)
                .build();
        List<Task> many = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            many.add(new Task("t" + i, "x"));
        }
        tasks.appendAll(many);
        tasks.execute();

        for (int i = 0; i < 5; i++) {
            Flow flow = tasks.snapshot();
            int members =
                    flow.progressions().stream().mapToInt(Progression::size).sum();
            assertThat(flow.items().size()).isEqualTo(3_000);
            assertThat(members).isEqualTo(3_000);
        }

        tasks.join();
    }

    private static List<UUID> ids(Executor<Task> tasks, EventStatus status) {
        List<UUID> ids = new ArrayList<>();
        tasks.events(status).forEach(event -> ids.add(event.id()));
        return ids;
    }

    private static List<String> names(Flow flow, String progression) {
        return flow.getProgression(progression).order().stream()
                .map(flow.items()::get)
                .map(Event::payload)
                .map(payload -> payload.get("name").asText())
                .toList();
    }
}
