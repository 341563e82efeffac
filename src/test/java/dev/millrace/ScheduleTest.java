package dev.millrace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An event that is scheduled starts at its time, not before and not much later. */
class ScheduleTest extends WithMillrace {
    private static final int SCHEDULED = 40;

    ScheduleTest(TestDatabase database) {
        super(database);
    }

    @Test
    @DisplayName("An event that is made first and appended later is scheduled as well, by every way in that takes one")
    void append_ofAnEventMadeBefore_keepsItsTime() {
        Executor<Task> tasks = tasks().handler(new Stage()).build();
        Append later = Append.defaults().withRunAt(Instant.parse("2099-01-01T00:00:00Z"));

        tasks.append(tasks.newEvent(new Task("one"), later));
        tasks.appendEvents(List.of(tasks.newEvent(new Task("two"), later)));
        tasks.appendAbsent(List.of(tasks.newEvent(new Task("three"), later.withUniqueKey("key"))));

        assertThat(database.longValue("select count(*) from scheduled where run_at = '2099-01-01 00:00Z'"))
                .isEqualTo(3);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 3L));
    }

    @Test
    @DisplayName("A delay counts from when the event is stored, by the database's clock, by every way in")
    void append_withADelay_isScheduledForThen() throws SQLException {
        Executor<Task> tasks = tasks().handler(new Stage()).build();
        Append later = Append.delay(Duration.ofHours(1));

        tasks.append(new Task("one"), later);
        tasks.appendAll(List.of(new Task("two"), new Task("three")), task -> later);
        tasks.append(new Task("four"), later.withUniqueKey("key"));
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            tasks.append(connection, new Task("five"), later);
            connection.commit();
        }

        assertThat(database.longValue("select count(*) from scheduled s join event e using (id)"
                        + " where s.run_at = e.created_at + interval '1 hour'"))
                .isEqualTo(5);
    }

    @Test
    @DisplayName("No delay at all is due at once; of a time and a delay the last said counts")
    void append_withNoDelayOrBoth_takesTheLast() {
        Executor<Task> tasks = tasks().handler(new Stage()).build();
        Instant past = Instant.EPOCH;

        tasks.append(new Task("one"), Append.delay(Duration.ZERO));
        tasks.append(new Task("two"), Append.delay(Duration.ofHours(1)).withRunAt(past));
        tasks.append(new Task("three"), Append.defaults().withRunAt(past).withDelay(Duration.ofHours(1)));
        tasks.append(tasks.newEvent(new Task("four"), Append.delay(Duration.ofHours(1))));

        assertThat(database.longValue("select count(*) from ready")).isEqualTo(2);
        assertThat(database.longValue("select count(*) from scheduled")).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"true, 20000", "true, 0", "false, 0"})
    @DisplayName("A due event starts soon after its time, on a busy system as on an idle one, and never before")
    void due_onABusyOrIdleSystem_startsSoon(boolean listens, int backlog) throws InterruptedException {
        Millrace worker = worker(listens);
        Executor<Task> busy = tasks(worker).handler((task, run) -> null).build();
        Executor<Task> others = worker.executor("others", Task.class)
                .handler((task, run) -> null)
                .build();
        append(busy, backlog);
        others.execute();
        busy.execute();
        Instant first = Instant.now().plusMillis(200);
        List<Instant> times = new ArrayList<>();
        List<UUID> ids = new ArrayList<>();
        for (int i = 0; i < SCHEDULED; i++) {
            times.add(first.plusMillis(25L * i));
            ids.add(others.append(new Task("x"), Append.defaults().withRunAt(times.get(i))));
        }

        List<Duration> late = new ArrayList<>();
        for (int i = 0; i < SCHEDULED; i++) {
            Event<Task> event = ended(others, ids.get(i));
            late.add(Duration.between(
                    times.get(i), requireNonNull(event.execution().startedAt())));
        }

        late.sort(null);
        System.out.printf(
                "ScheduleTest: listening %s, backlog %d: claimed after its time by %d ms (median), %d ms (p90), %d ms at most%n",
                listens,
                backlog,
                late.get(SCHEDULED / 2).toMillis(),
                late.get(SCHEDULED * 9 / 10).toMillis(),
                late.getLast().toMillis());
        assertThat(late.getFirst()).isGreaterThanOrEqualTo(Duration.ofMillis(-1)); // the database keeps microseconds
        assertThat(busy.join(LONG)).isTrue();
    }
}
