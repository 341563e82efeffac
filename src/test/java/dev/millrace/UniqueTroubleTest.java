package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.OnConflict;
import dev.millrace.event.UniqueScope;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Hold;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Appends with unique keys that lose their connection, or meet each other half way. */
class UniqueTroubleTest extends WithUniqueKeys {
    private FaultyDataSource faults;
    private Executor<Task> shaky;

    UniqueTroubleTest(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void breakIt() {
        faults = new FaultyDataSource(database.newPool(6));
        shaky = tasks(opened(Millrace.connect(faults))).build();
    }

    private static Append key(String key, OnConflict conflict) {
        return unique(key, UniqueScope.untilSettled(), conflict);
    }

    /** The one that a single append executes first. */
    private static String statement(OnConflict conflict) {
        return conflict == OnConflict.REPLACE_PENDING ? "append_unique" : "append_one_unique";
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EXECUTED") // a single append commits with its only statement
    void append_cutAtAnyMoment_storesOneAndAnswersWithIt(Moment moment) {
        for (OnConflict conflict : OnConflict.values()) {
            faults.set(statement(conflict), moment, 1, Fault.cut());

            UUID id = shaky.append(new Task("1"), key("key of " + conflict, conflict));

            assertThat(holder("key of " + conflict)).isEqualTo(id);
            assertThat(status(id)).isEqualTo(EventStatus.PENDING);
        }
        assertThat(faults.allStruck()).isTrue();
        assertThat(stored()).isEqualTo(3);
        assertThat(counts(shaky)).isEqualTo(Map.of(EventStatus.PENDING, 3L));
    }

    @ParameterizedTest
    @EnumSource(OnConflict.class)
    void append_committedOnlyWhileItIsRepeated_storesOneAndAnswersWithIt(OnConflict conflict) {
        faults.set(statement(conflict), Moment.BEFORE_COMMIT, 1, Fault.cutAndCommitAfter(Duration.ofMillis(300)));

        UUID id = shaky.append(new Task("1"), key("k", conflict));

        assertThat(faults.allStruck()).isTrue();
        assertThat(holder("k")).isEqualTo(id);
        assertThat(database.list(UUID.class, "select id from event")).containsExactly(id);
        assertThat(counts(shaky)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
    }

    @ParameterizedTest
    @EnumSource(OnConflict.class)
    void append_whoseEventHasRunBeforeItIsRepeated_answersWithIt(OnConflict conflict) {
        faults.set(statement(conflict), Moment.AFTER_COMMIT, 1, physical -> {
            complete(claim(holder("k"))); // then the key is free, and what is repeated could take it
            Fault.cut().strike(physical);
        });

        UUID id = shaky.append(new Task("1"), key("k", conflict));

        assertThat(faults.allStruck()).isTrue();
        assertThat(database.list(UUID.class, "select id from event")).containsExactly(id);
        assertThat(counts(shaky)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L));
    }

    @Test
    void appendAll_whoseAnswerIsLost_answersAsItWouldHave() {
        UUID held = tasks.append(new Task("held"), Append.uniqueKey("held"));
        UUID old = tasks.append(new Task("old"), Append.uniqueKey("old"));
        faults.set("append_unique", Moment.AFTER_COMMIT, 1, Fault.cut());

        List<UUID> ids = shaky.appendAll(
                List.of(new Task("none"), new Task("held"), new Task("new"), new Task("old")),
                task -> task.name().equals("none") ? Append.defaults() : key(task.name(), conflict(task)));

        assertThat(faults.allStruck()).isTrue();
        assertThat(ids).doesNotHaveDuplicates().doesNotContain(old);
        assertThat(ids.get(1)).isEqualTo(held);
        assertThat(ids.get(2)).isEqualTo(holder("new"));
        assertThat(ids.get(3)).isEqualTo(holder("old"));
        assertThat(errorMessage(event(shaky, old))).isEqualTo("replaced by " + ids.get(3));
        assertThat(counts(shaky)).isEqualTo(Map.of(EventStatus.PENDING, 4L, EventStatus.SKIPPED, 1L));
        assertThat(stored()).isEqualTo(5);
    }

    private static OnConflict conflict(Task task) {
        return switch (task.name()) {
            case "held" -> OnConflict.RETURN_EXISTING;
            case "new" -> OnConflict.FAIL;
            default -> OnConflict.REPLACE_PENDING;
        };
    }

    @Test
    void append_underAnIdOfItsOwnThatIsSaidAgain_isTheSameEvent() {
        Event<Task> event = shaky.newEvent(new Task("1"), Append.uniqueKey("k").onConflict(OnConflict.FAIL));
        faults.set(statement(OnConflict.FAIL), Moment.AFTER_COMMIT, 1, Fault.cut());
        assertThat(shaky.append(event)).isEqualTo(event.id());

        faults.set("same_events", Moment.AFTER_COMMIT, 1, Fault.cut());
        assertThat(shaky.appendAbsent(List.of(event))).isEmpty();
        assertThat(stored()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1_001})
    void appendAll_toABoundedFlowWithItsAnswerLost_fillsItToTheBrim(int number) {
        Executor<Task> bounded = tasks(millrace()).maxQueueSize(number).build(); // of the same flow
        faults.set(number == 1 ? "append_one_unique" : "append_unique", Moment.AFTER_COMMIT, 1, Fault.cut());

        List<UUID> ids = shaky.appendAll(
                IntStream.range(0, number).mapToObj(i -> new Task("key " + i)).toList(),
                task -> Append.uniqueKey(task.name()));

        assertThat(faults.allStruck()).isTrue();
        assertThat(ids).hasSize(number).doesNotHaveDuplicates();
        assertThat(counts(bounded)).isEqualTo(Map.of(EventStatus.PENDING, (long) number));
    }

    @Test
    void appendAll_ofTheSameKeysInOppositeOrderSomeTwice_doesNotDeadlock() throws Exception {
        Hold half = faults.hold("append_unique", Moment.EXECUTED);
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<List<UUID>> one = threads.submit(() -> all(shaky, "a", "a", "b"));
            half.awaitReached();
            Future<List<UUID>> other = threads.submit(() -> all(tasks, "b", "b", "a"));
            try {
                database.await("select exists (select from pg_locks where not granted)");
            } finally {
                half.release();
            }

            List<UUID> ids = one.get(LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(ids.get(1)).isEqualTo(ids.getFirst());
            assertThat(other.get(LONG.toSeconds(), TimeUnit.SECONDS))
                    .containsExactly(ids.get(2), ids.get(2), ids.getFirst());
        }
        assertThat(stored()).isEqualTo(2);
        assertThat(database.longValue("select deadlocks from pg_stat_database where datname = current_database()"))
                .as("deadlocks")
                .isZero();
    }

    private static List<UUID> all(Executor<Task> tasks, String... keys) {
        return tasks.appendAll(List.of(keys).stream().map(Task::new).toList(), task -> Append.uniqueKey(task.name()));
    }
}
