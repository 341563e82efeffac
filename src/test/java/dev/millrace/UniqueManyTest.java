package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.OnConflict;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Many with unique keys in one call, in a caller's transaction, in a flow with a limit, and under ids of their own. */
class UniqueManyTest extends WithUniqueKeys {
    UniqueManyTest(TestDatabase database) {
        super(database);
    }

    private static List<Task> numbered(int number) {
        return IntStream.range(0, number).mapToObj(i -> new Task("key " + i)).toList();
    }

    private static Append key(Task task, OnConflict conflict) {
        return unique(task.name(), UniqueScope.untilSettled(), conflict);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2_499})
    void appendAll_thatFailsAtOneKeyOfMany_storesNothingAndTakesNoKey(int held) throws SQLException {
        UUID holder = tasks.append(new Task("held"), Append.uniqueKey("key " + held));

        assertThatThrownBy(() -> tasks.appendAll(numbered(2_500), task -> key(task, OnConflict.FAIL)))
                .isInstanceOf(ExistsException.class)
                .hasMessageContaining(holder.toString());
        assertThat(stored()).isEqualTo(1);

        inTransaction(connection -> {
            assertThatThrownBy(() -> tasks.appendAll(connection, numbered(2_500), task -> key(task, OnConflict.FAIL)))
                    .isInstanceOf(ExistsException.class)
                    .hasMessageContaining(holder.toString());
            return tasks.append(connection, new Task("still usable"));
        });
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("held", "still usable");
        assertThat(database.list(UUID.class, "select event from unique_key")).containsExactly(holder);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 2L));
    }

    @Test
    void appendAll_ofThousandsSomeHeldAndSomeTwice_storesTheOthersInOrder() {
        UUID held = tasks.append(new Task("held"), Append.uniqueKey("key 1700"));
        List<Task> many = new ArrayList<>(numbered(2_500));
        many.add(new Task("key 3"));
        many.add(new Task("key 2499"));

        List<UUID> ids = tasks.appendAll(many, task -> key(task, OnConflict.RETURN_EXISTING));

        assertThat(ids.get(1_700)).isEqualTo(held);
        assertThat(ids.get(2_500)).isEqualTo(ids.get(3));
        assertThat(ids.get(2_501)).isEqualTo(ids.get(2_499));
        assertThat(ids.subList(0, 2_500)).doesNotHaveDuplicates();
        assertThat(names(tasks, EventStatus.PENDING))
                .isEqualTo(Stream.concat(
                                Stream.of("held"),
                                numbered(2_500).stream().map(Task::name).filter(name -> !name.equals("key 1700")))
                        .toList());
        assertThat(tasks.appendAll(many, task -> key(task, OnConflict.RETURN_EXISTING)))
                .as("the same again")
                .isEqualTo(ids);
    }

    @Test
    void replace_ofThousandsAndThenOfThemselves_countsExactly() {
        List<UUID> first = tasks.appendAll(numbered(1_500), task -> key(task, OnConflict.REPLACE_PENDING));
        List<UUID> second = tasks.appendAll(numbered(1_500), task -> key(task, OnConflict.REPLACE_PENDING));
        assertThat(second).doesNotContainAnyElementsOf(first);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1_500L, EventStatus.SKIPPED, 1_500L));

        List<UUID> third = tasks.appendAll(
                Collections.nCopies(20, new Task("key 7")), task -> key(task, OnConflict.REPLACE_PENDING));

        assertThat(third).doesNotHaveDuplicates();
        assertThat(holder("key 7")).isEqualTo(third.getLast());
        assertThat(status(third.getLast())).isEqualTo(EventStatus.PENDING);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1_500L, EventStatus.SKIPPED, 1_520L));
        assertThat(database.longValue("select count(*) from ready")).isEqualTo(1_500);
        assertThat(database.longValue("select count(*) from outcome")).isEqualTo(1_520);
    }

    @ParameterizedTest
    @EnumSource(OnConflict.class)
    void append_undoneToASavepoint_leavesTheKeyToWhoHadIt(OnConflict conflict) throws SQLException {
        UUID before = tasks.append(new Task("before"), Append.uniqueKey("taken"));
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            Savepoint savepoint = connection.setSavepoint();
            tasks.append(connection, new Task("undone"), unique("k", UniqueScope.forever(), conflict));
            if (conflict != OnConflict.FAIL) {
                tasks.append(connection, new Task("undone"), unique("taken", UniqueScope.forever(), conflict));
            }
            connection.rollback(savepoint);
            UUID kept = tasks.append(connection, new Task("kept"), unique("k", UniqueScope.forever(), OnConflict.FAIL));
            assertThat(tasks.append(connection, new Task("again"), Append.uniqueKey("k")))
                    .isEqualTo(kept);
            connection.commit();

            assertThat(holder("k")).isEqualTo(kept);
        }
        assertThat(holder("taken")).isEqualTo(before);
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("before", "kept");
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 2L));
    }

    @ParameterizedTest
    @EnumSource(
            value = OnConflict.class,
            names = {"RETURN_EXISTING", "REPLACE_PENDING"})
    void boundedFlow_fullOfKeys_takesWhatNeedsNoRoom(OnConflict conflict) throws SQLException {
        tasks = tasks().maxQueueSize(3).build();
        tasks.appendAll(numbered(3), task -> key(task, conflict));

        for (Way way : Way.values()) {
            append(way, new Task("key 1"), key(new Task("key 1"), conflict));
            assertThatThrownBy(() -> append(way, new Task("key 3"), key(new Task("key 3"), conflict)))
                    .isInstanceOf(QueueFullException.class);
        }
        tasks.appendAll(numbered(3), task -> key(task, conflict));
        assertThatThrownBy(() -> tasks.appendAll(numbered(4), task -> key(task, conflict)))
                .isInstanceOf(QueueFullException.class);

        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(3);
        assertThat(database.list(String.class, "select key from unique_key order by key"))
                .containsExactly("key 0", "key 1", "key 2");
    }

    @Test
    void boundedFlow_withRoomForSome_refusesAllThatAreMore() {
        tasks = tasks().maxQueueSize(5).build();
        tasks.appendAll(numbered(3), task -> key(task, OnConflict.RETURN_EXISTING));

        assertThatThrownBy(() -> tasks.appendAll(numbered(6), task -> key(task, OnConflict.RETURN_EXISTING)))
                .isInstanceOf(QueueFullException.class);
        assertThat(stored()).isEqualTo(3);
        assertThat(tasks.appendAll(numbered(5), task -> key(task, OnConflict.RETURN_EXISTING)))
                .hasSize(5)
                .doesNotHaveDuplicates();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 5L));
    }

    @Test
    void appendAbsent_ofEventsWithKeys_answersWithThoseItStored() {
        UUID held = tasks.append(new Task("held"), Append.uniqueKey("key 0"));
        List<Event<Task>> events = numbered(3).stream()
                .map(task -> tasks.newEvent(task, key(task, OnConflict.RETURN_EXISTING)))
                .toList();

        assertThat(tasks.appendAbsent(events))
                .containsExactlyInAnyOrder(events.get(1).id(), events.get(2).id());
        assertThat(tasks.appendAbsent(events)).isEmpty();
        complete(claim(held));
        assertThat(tasks.appendAbsent(events)).containsExactly(events.getFirst().id());
        assertThat(tasks.appendAbsent(events)).isEmpty();
        assertThat(stored()).isEqualTo(4);
    }

    @Test
    void appendAbsent_ofAnEventThatHasEnded_doesNotTakeItsKeyAgain() {
        Event<Task> event = tasks.newEvent(new Task("1"), Append.uniqueKey("k"));
        tasks.append(event);
        complete(claim(event.id()));
        UUID second = tasks.append(new Task("2"), Append.uniqueKey("k"));

        assertThat(tasks.appendAbsent(List.of(event))).isEmpty();
        assertThat(holder("k")).isEqualTo(second);
        complete(claim(second));
        assertThatThrownBy(() -> tasks.append(event)).isInstanceOf(ExistsException.class);
        assertThat(stored()).isEqualTo(2);
    }
}
