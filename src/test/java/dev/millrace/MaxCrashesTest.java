package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventJson;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Flow;
import dev.millrace.event.Json;
import dev.millrace.event.OnConflict;
import dev.millrace.event.RetryFilter;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An event that says how many deaths of its workers it may see: on every way in, in every form, and as long as it lives. */
class MaxCrashesTest extends WithMillrace {
    private static final Task TASK = new Task("long");

    MaxCrashesTest(TestDatabase database) {
        super(database);
    }

    private @Nullable Integer maxCrashes(UUID id) {
        return tasks().build().event(id).orElseThrow().terms().maxCrashes();
    }

    @Test
    @DisplayName("12.20 maxCrashes of an event is kept on every way in, alone and beside events without")
    void append_onEveryWay_keepsIt() throws Exception {
        Executor<Task> tasks = tasks().build();
        Executor<Task> bounded = tasks().maxQueueSize(1_000).build();
        List<UUID> ids = new ArrayList<>();
        for (Executor<Task> way : List.of(tasks, bounded)) {
            ids.add(way.append(TASK, Append.maxCrashes(7)));
            ids.add(way.append(
                    TASK, Append.maxCrashes(7).withUniqueKey(UUID.randomUUID().toString())));
            ids.add(way.appendAll(
                            List.of(TASK, TASK), task -> Append.priority(1).withMaxCrashes(7))
                    .getLast());
            ids.add(way.append(way.newEvent(TASK, Append.maxCrashes(7).withPriority(3))));
            try (Connection connection = database.connect()) {
                connection.setAutoCommit(false);
                ids.add(way.append(connection, TASK, Append.maxCrashes(7)));
                ids.add(way.append(
                        connection,
                        TASK,
                        Append.maxCrashes(7).withUniqueKey(UUID.randomUUID().toString())));
                connection.commit();
            }
        }

        assertThat(ids).extracting(this::maxCrashes).containsOnly(7);
        assertThat(maxCrashes(tasks.append(TASK))).isNull();
        assertThat(database.longValue("select count(*) from event_option")).isEqualTo(ids.size() + 2);
    }

    @Test
    @DisplayName("12.20 what is rolled back, or answered with another event, leaves nothing")
    void append_thatStoresNothing_keepsNothing() throws Exception {
        Executor<Task> tasks = tasks().build();
        UUID holder = tasks.append(TASK, Append.uniqueKey("k"));
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            tasks.append(connection, TASK, Append.maxCrashes(7));
            connection.rollback();
        }

        assertThat(tasks.append(TASK, Append.uniqueKey("k").withMaxCrashes(9))).isEqualTo(holder);

        assertThat(database.longValue("select count(*) from event_option")).isZero();
        UUID successor = tasks.append(
                TASK,
                Append.uniqueKey("k").onConflict(OnConflict.REPLACE_PENDING).withMaxCrashes(9));
        assertThat(maxCrashes(successor)).isEqualTo(9);
    }

    @Test
    @DisplayName("12.20 a fresh event has it from its original: retry, retryAll, SQL, and asFreshEvent")
    void retry_keepsIt() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    throw new IllegalStateException("no luck");
                })
                .build();
        UUID id = tasks.append(TASK, Append.maxCrashes(7));
        tasks.append(TASK);
        tasks.start();
        tasks.forward();
        assertThat(count(tasks, EventStatus.FAILED)).isEqualTo(2);

        UUID retried = tasks.retry(id);
        UUID bySql = database.list(UUID.class, "select millrace.retry(?)", id).getFirst();
        Event<Task> fresh = tasks.event(id).orElseThrow().asFreshEvent();

        assertThat(List.of(retried, bySql, tasks.append(fresh)))
                .extracting(this::maxCrashes)
                .containsOnly(7);
        database.execute("delete from retried");
        assertThat(tasks.retryAll(RetryFilter.failed())).isEqualTo(2);
        assertThat(database.list(
                        Long.class,
                        "select count(o.event) from retried r left join event_option o on o.event = r.event"))
                .containsExactly(1L);
    }

    @Test
    @DisplayName("12.20 it is in the event's JSON and in snapshots, and goes with the event")
    void json_snapshotAndCleanUp_knowIt() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        UUID id = tasks.append(TASK, Append.maxCrashes(7));
        UUID without = tasks.append(TASK);
        Flow flow = Flow.fromJson(Json.parse(tasks.snapshot().toJson().toString()));

        assertThat(flow.items().get(id).terms().maxCrashes()).isEqualTo(7);
        assertThat(flow.items().get(without).terms().maxCrashes()).isNull();
        assertThat(EventJson.write(flow.items().get(id)).path("max_crashes").asInt())
                .isEqualTo(7);
        assertThat(database.list(String.class, "select event(id)::jsonb ->> 'max_crashes' from event order by id"))
                .containsExactly("7", null);
        tasks.start();
        tasks.forward();
        assertThat(maxCrashes(id)).isEqualTo(7);
        tasks.cleanupEvents(EventStatus.all().subList(2, 7));
        assertThat(database.longValue("select count(*) from event_option")).isZero();
        Executor<Task> restored = millrace().executor("restored", Task.class).build();
        restored.restore(flow);
        assertThat(restored.event(id).orElseThrow().terms().maxCrashes()).isEqualTo(7);
        assertThat(restored.event(without).orElseThrow().terms().maxCrashes()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 101, Integer.MAX_VALUE})
    @DisplayName("12.20 a number of deaths out of range is refused, naming setting, value and bounds")
    void maxCrashes_outOfRange_isRefused(int deaths) {
        assertThatThrownBy(() -> Append.maxCrashes(deaths))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxCrashes must be 1 to 100, got " + deaths);
        assertThatThrownBy(() -> Millrace.builder().maxCrashes(deaths))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxCrashes must be 1 to 100, got " + deaths);
    }
}
