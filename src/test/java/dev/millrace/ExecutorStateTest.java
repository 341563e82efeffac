package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What an executor tells of its flow, and what clean-up takes from it. */
class ExecutorStateTest extends WithMillrace {
    ExecutorStateTest(TestDatabase database) {
        super(database);
    }

    /** Tasks whose name says how they end. */
    private Executor<Task> byName() {
        return tasks().handler((task, run) -> switch (task.name()) {
                    case "fails" -> throw new IllegalStateException("as asked");
                    case "stops" -> throw run.cancel("as asked");
                    default -> task.name();
                })
                .build();
    }

    private Executor<Task> oneInEachTerminalStatus() throws InterruptedException {
        Executor<Task> executor = byName();
        for (String name : List.of("works", "fails", "stops")) {
            executor.append(new Task(name));
        }
        executor.start();
        executor.forward();
        UUID skipped = executor.append(new Task("skipped"));
        executor.skip(skipped, "not wanted");
        Executor<Task> refusing = tasks(millrace())
                .maxDenials(1)
                .permission(event -> dev.millrace.work.Permission.denied("never"))
                .handler((task, run) -> null)
                .build();
        refusing.append(new Task("aborted"));
        refusing.start();
        refusing.forward();
        return executor;
    }

    @Test
    @DisplayName("R-085 inspectState names the flow and counts the seven statuses, always in the plural")
    void inspectState_oneFailed_saysOneEvents() throws InterruptedException {
        Executor<Task> executor = byName();
        executor.append(new Task("fails"));
        executor.start();
        executor.forward();
        executor.append(new Task("waits"));

        assertThat(executor.inspectState()).isEqualTo("""
                        Executor State (tasks):
                          pending: 1 events
                          processing: 0 events
                          completed: 0 events
                          failed: 1 events
                          cancelled: 0 events
                          skipped: 0 events
                          aborted: 0 events""");
    }

    @Test
    @DisplayName("R-086 summary tells total and counts; an event in a user's progression is counted once")
    void summary_eventInAUsersProgression_isCountedOnce() {
        Executor<Task> executor = byName();
        UUID id = executor.append(new Task("a"));
        executor.append(new Task("b"));
        executor.progressions().add("review");
        executor.progressions().append("review", id);

        assertThat(executor.summary())
                .isEqualTo("Executor(total=2, pending=2, processing=0, completed=0, failed=0, cancelled=0, skipped=0,"
                        + " aborted=0)");
    }

    @Test
    @DisplayName("R-084 statusCounts has all seven in their order, zeros included")
    void statusCounts_emptyFlow_hasSevenZeros() {
        Map<EventStatus, Long> counts = byName().statusCounts();

        assertThat(counts.keySet()).containsExactly(EventStatus.values());
        assertThat(counts.values()).containsOnly(0L);
    }

    @Test
    @DisplayName("R-087 contains knows an event, an id and its text; garbage is never in it")
    void contains_eventIdTextGarbage_answersAndNeverThrows() {
        Executor<Task> executor = byName();
        UUID id = executor.append(new Task("a"));
        Event<Task> event = event(executor, id);
        Executor<Task> elsewhere = millrace().executor("elsewhere", Task.class).build();

        assertThat(List.of(event, id, id.toString())).allMatch(executor::contains);
        assertThat(List.of(UUID.randomUUID(), "", "no id", id + "x", 7, new Object(), executor))
                .noneMatch(executor::contains);
        assertThat(executor.contains(null)).isFalse();
        assertThat(elsewhere.contains(id)).isFalse();
    }

    @Test
    @DisplayName("R-082 a status by its wire name; an unknown or wrongly cased one is refused")
    void events_byWireName_findsOrRefuses() {
        Executor<Task> executor = byName();
        UUID id = executor.append(new Task("a"));

        assertThat(executor.events("pending")).extracting(Event::id).containsExactly(id);
        for (String wrong : List.of("invalid_status", "PENDING", "")) {
            assertThatThrownBy(() -> executor.events(wrong))
                    .isInstanceOf(NotFoundException.class)
                    .hasMessageContaining("Progression '" + wrong + "' not found in flow");
        }
    }

    @Test
    @DisplayName("R-082 pages of every size give each member once, in order")
    void page_anySize_givesEachOnceInOrder() throws InterruptedException {
        Executor<Task> executor = byName();
        append(executor, 23);
        List<String> all = names(executor, EventStatus.PENDING);
        assertThat(all).hasSize(23);
        for (int size : List.of(1, 7, 22, 23, 24)) {
            List<String> paged = new ArrayList<>();
            String next = null;
            do {
                EventPage<Task> page = executor.events(EventStatus.PENDING, next, size);
                page.events().forEach(event -> paged.add(event.payload().name()));
                next = page.next();
            } while (next != null);
            assertThat(paged).isEqualTo(all);
        }
    }

    @Test
    @DisplayName("R-080 R-081 an event is in exactly one status progression, whatever happened to it")
    void progressions_afterEveryFate_eachEventInExactlyOne() throws InterruptedException {
        Executor<Task> executor = oneInEachTerminalStatus();
        executor.append(new Task("waits"));

        Set<UUID> seen = new HashSet<>();
        int members = 0;
        for (EventStatus status : EventStatus.values()) {
            for (Event<Task> event : executor.events(status)) {
                assertThat(event.status()).isEqualTo(status);
                seen.add(event.id());
                members++;
            }
        }

        assertThat(members).isEqualTo(6);
        assertThat(seen).hasSize(6);
        assertThat(counts(executor)).containsOnlyKeys(EnumSet.complementOf(EnumSet.of(EventStatus.PROCESSING)));
    }

    @Test
    @DisplayName("R-088 clean-up takes completed, failed and aborted by default; the rest when it is named")
    void cleanupEvents_default_leavesCancelledAndSkipped() throws InterruptedException {
        Executor<Task> executor = oneInEachTerminalStatus();
        executor.append(new Task("waits"));

        assertThat(executor.cleanupEvents(List.of())).isZero();
        assertThat(executor.cleanupEvents()).isEqualTo(3);
        assertThat(counts(executor)).containsOnlyKeys(EventStatus.PENDING, EventStatus.CANCELLED, EventStatus.SKIPPED);
        assertThat(executor.cleanupEvents(List.of(EventStatus.CANCELLED, EventStatus.SKIPPED)))
                .isEqualTo(2);
        assertThat(counts(executor)).containsOnlyKeys(EventStatus.PENDING);
        assertThat(database.longValue("select count(*) from event")).isEqualTo(1);
        assertThat(database.longValue("select count(*) from attempt")).isZero();
    }

    @Test
    @DisplayName("R-088 R-089 pending and running events cannot be cleaned up, and then nothing is")
    void cleanupEvents_activeStatus_isRefusedWhole() throws InterruptedException {
        Executor<Task> executor = oneInEachTerminalStatus();

        for (EventStatus active : List.of(EventStatus.PENDING, EventStatus.PROCESSING)) {
            assertThatThrownBy(() -> executor.cleanupEvents(List.of(EventStatus.COMPLETED, active)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cannot clean up " + active + " events");
        }

        assertThat(count(executor, EventStatus.COMPLETED)).isEqualTo(1);
    }

    @Test
    @DisplayName("R-089 clean-up while events run takes none that runs, and none twice")
    void cleanupEvents_whileEventsRun_touchesOnlySettledOnes() throws InterruptedException {
        Executor<Task> executor = tasks().handler((task, run) -> task.name()).build();
        append(executor, 500);
        executor.execute();
        long removed = 0;
        while (!executor.join(java.time.Duration.ofMillis(1))) {
            removed += executor.cleanupEvents();
        }
        removed += executor.cleanupEvents();

        assertThat(removed).isEqualTo(500);
        assertThat(counts(executor)).isEmpty();
        assertThat(database.longValue("select count(*) from event")).isZero();
    }

    @Test
    @DisplayName("R-072 an executor belongs to the flow of its name; two of one name share it")
    void build_twoOfOneName_shareTheFlow() {
        Executor<Task> one = byName();
        Executor<Task> other = tasks(another()).build();
        UUID id = one.append(new Task("a"));

        assertThat(other.name()).isEqualTo("tasks");
        assertThat(other.contains(id)).isTrue();
        assertThat(other.statusCounts()).isEqualTo(one.statusCounts());
    }

    @Test
    @DisplayName("R-090 an executor's flow is restored from a snapshot's JSON")
    void restore_fromJson_bringsTheFlowBack() throws InterruptedException {
        Executor<Task> executor = oneInEachTerminalStatus();
        executor.append(new Task("waits"));
        var json = executor.snapshot().toJson();
        try (Millrace elsewhere = Millrace.connect(database.another().newPool(4))) {
            Executor<Task> restored = tasks(elsewhere).build();

            restored.restore(dev.millrace.event.Flow.fromJson(dev.millrace.event.Json.parse(json.toString())));

            assertThat(restored.statusCounts()).isEqualTo(executor.statusCounts());
            assertThat(restored.snapshot().toJson().get("items").get("items"))
                    .isEqualTo(json.get("items").get("items"));
        }
    }

    @Test
    @DisplayName("12.17 toString asks nobody: it names the flow, also while the database is away and after a close")
    void toString_always_needsNoDatabase() {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(4));
        Millrace away = opened(Millrace.builder()
                .dataSource(faults)
                .patience(Duration.ofHours(1))
                .connect());
        Executor<Task> executor = tasks(away).build();
        faults.down();
        int before = faults.allExecutions();

        assertThat(executor).hasToString("Executor(tasks)");

        assertThat(faults.allExecutions()).isEqualTo(before);
        faults.up();
        away.close();
        assertThat(executor).hasToString("Executor(tasks)");
    }
}
