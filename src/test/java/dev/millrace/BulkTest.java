package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventStatus;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Appending many at once: streams in chunks, collections in the caller's transaction. */
class BulkTest extends WithMillrace {
    BulkTest(TestDatabase database) {
        super(database);
    }

    private static Stream<Task> numbered(int number) {
        return IntStream.range(0, number).mapToObj(i -> new Task(Integer.toString(i)));
    }

    @Test
    void appendAll_ofAStream_storesItInOrderInChunksAndClosesIt() {
        Executor<Task> tasks = tasks().build();
        List<Long> stored = new ArrayList<>();
        AtomicBoolean closed = new AtomicBoolean();

        long number = tasks.appendAll(numbered(2_500).onClose(() -> closed.set(true)), stored::add);

        assertThat(number).isEqualTo(2_500);
        assertThat(stored).containsExactly(1_000L, 2_000L, 2_500L);
        assertThat(closed).isTrue();
        assertThat(database.list(
                        String.class, "select payload->>'name' from ready join event using (id) order by position"))
                .isEqualTo(numbered(2_500).map(Task::name).toList());
        assertThat(database.longValue("select count(distinct xmin::text) from event"))
                .isEqualTo(3);
    }

    @Test
    void appendAll_ofLargePayloads_makesSmallerChunks() {
        Executor<Task> tasks = tasks().build();
        String large = "x".repeat(900_000);
        List<Long> stored = new ArrayList<>();

        tasks.appendAll(IntStream.range(0, 20).mapToObj(i -> new Task(large)), stored::add);

        assertThat(stored).containsExactly(9L, 18L, 20L);
    }

    @Test
    @DisplayName("A payload that cannot be stored is named by its index; the chunks before it stay")
    void appendAll_ofAStreamWithABadOne_saysWhichAndHowManyAreStored() {
        Executor<Task> tasks = tasks().build();

        assertThatThrownBy(() -> tasks.appendAll(
                        Stream.concat(numbered(1_500), Stream.of(new Task("a\0b"), new Task("never asked for")))))
                .isInstanceOfSatisfying(
                        ValidationException.class,
                        e -> assertThat(e.details())
                                .containsEntry("index", 1_500L)
                                .containsEntry("stored", 1_000L))
                .hasMessageStartingWith("index 1500: payload refused at $.name")
                .hasMessageEndingWith("; the first 1000 were stored");
        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(1_000);
    }

    @Test
    void appendAll_ofNothing_isNothing() {
        assertThat(tasks().build().appendAll(Stream.empty())).isZero();
    }

    @Test
    void appendAll_inACallersTransaction_isAsTrueAsThat() throws SQLException {
        Executor<Task> tasks = tasks().build();
        List<Task> some = numbered(1_200).toList();
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            List<UUID> undone = tasks.appendAll(connection, some);
            assertThat(undone).hasSize(1_200).doesNotHaveDuplicates();
            connection.rollback();
            assertThat(count(tasks, EventStatus.PENDING)).isZero();

            tasks.appendAll(connection, some);
            connection.commit();
        }
        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(1_200);
    }
}
