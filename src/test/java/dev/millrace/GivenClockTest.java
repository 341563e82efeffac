package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventStatus;
import dev.millrace.event.OnConflict;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RateLimit;
import dev.millrace.work.RetryPolicy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is due, and when, goes by one clock that a test can give and turn. */
class GivenClockTest extends WithMillrace {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration LEAST = Duration.ofNanos(1_000);

    private final ManualClock clock = new ManualClock(Instant.parse("2031-05-06T07:08:09.123456789Z"));

    GivenClockTest(TestDatabase database) {
        super(database);
    }

    private ExecutorBuilder<Task> byClock() {
        return tasks(by(clock)).handler((task, run) -> task.name());
    }

    /** Shows that nothing starts until the clock stands an hour later, and then so many do. */
    private static void assertDueInAnHour(Executor<Task> tasks, ManualClock clock, int events)
            throws InterruptedException {
        assertThat(tasks.forward()).isZero();
        clock.turn(HOUR.minus(LEAST));
        assertThat(tasks.forward()).as("a microsecond before").isZero();
        assertThat(tasks.join(LONG)).as("what is not due is not waited for").isTrue();
        clock.turn(LEAST);
        assertThat(tasks.forward()).as("on the microsecond").isEqualTo(events);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2001-01-01T00:00:00Z", "2031-05-06T07:08:09.123456789Z", "2150-12-31T23:59:59.999999999Z"})
    @DisplayName("12.32 a delay and a start time go by the clock that the Millrace was given, by every way in")
    void append_forLater_isDueByTheClock(String start) throws InterruptedException, SQLException {
        ManualClock turned = new ManualClock(Instant.parse(start));
        Executor<Task> tasks =
                tasks(by(turned)).handler((task, run) -> task.name()).build();
        Append later = Append.delay(HOUR);
        tasks.append(new Task("one"), later);
        tasks.append(new Task("at"), Append.defaults().withRunAt(turned.in(HOUR)));
        tasks.appendAll(List.of(new Task("two"), new Task("three")), task -> later);
        tasks.append(tasks.newEvent(new Task("four"), later));
        tasks.append(new Task("five"), later.withUniqueKey("key"));
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            tasks.append(connection, new Task("six"), later);
            connection.commit();
        }
        tasks.start();

        assertDueInAnHour(tasks, turned, 7);
    }

    @Test
    @DisplayName("12.32 the pauses of retries, snoozes, waits and denials go by the clock")
    void backOffs_areByTheClock() throws InterruptedException {
        Executor<Task> tasks = tasks(by(clock))
                .retry(RetryPolicy.fixed(HOUR, 2))
                .denialBackOff(Duration.ZERO)
                .permission(event -> event.execution().attempt() > 1
                        ? Permission.granted()
                        : switch (event.payload().name()) {
                            case "wait" -> Permission.waitFor(HOUR);
                            case "deny" -> Permission.denied("no", HOUR);
                            default -> Permission.granted();
                        })
                .handler((task, run) -> {
                    if (run.attempt() == 1) {
                        throw task.name().equals("snooze") ? run.snooze(HOUR) : new IllegalStateException("again");
                    }
                    return task.name();
                })
                .build();
        tasks.appendAll(List.of(new Task("wait"), new Task("deny"), new Task("snooze"), new Task("retry")));
        tasks.start();
        assertThat(tasks.forward()).as("the two that are granted").isEqualTo(2);

        assertDueInAnHour(tasks, clock, 4);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 4L));
    }

    @Test
    @DisplayName("12.32 a deadline passes by the clock, whether the event is due, scheduled or just claimed")
    void deadlines_passByTheClock() throws InterruptedException {
        Executor<Task> tasks = byClock().build();
        Append inAnHour = Append.defaults().withDeadline(clock.in(HOUR));
        UUID due = tasks.append(new Task("due"), inAnHour);
        tasks.start();
        clock.turn(HOUR.minus(LEAST));
        assertThat(tasks.forward()).isEqualTo(1);
        assertThat(event(tasks, due).status()).isEqualTo(EventStatus.COMPLETED);

        UUID claimed = tasks.append(new Task("claimed"), inAnHour);
        UUID scheduled = tasks.append(new Task("scheduled"), inAnHour.withDelay(HOUR));
        clock.turn(LEAST);
        assertThat(tasks.forward()).isZero();

        assertThat(ended(tasks, claimed).status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(ended(tasks, scheduled).status()).isEqualTo(EventStatus.SKIPPED);
    }

    @Test
    @DisplayName(
            "12.32 the background notices that the clock was turned: what is due starts, and a rate limit has room")
    void execute_turned_goesOn() throws InterruptedException {
        Executor<Task> tasks =
                byClock().permission(RateLimit.of(2, Duration.ofDays(1))).build();
        List<UUID> ids = append(tasks, 3);
        UUID later = tasks.append(new Task("later"), Append.delay(Duration.ofDays(1)));
        tasks.execute();
        ended(tasks, ids.get(0));
        ended(tasks, ids.get(1));
        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(2);

        clock.turn(Duration.ofDays(1));

        assertThat(ended(tasks, ids.get(2)).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(ended(tasks, later).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("12.32 an event that replaces one that is scheduled has its time by the clock")
    void replace_ofAScheduledOne_isDueByTheClock() throws InterruptedException {
        Executor<Task> tasks = byClock().build();
        Append key = Append.uniqueKey("key", UniqueScope.whilePending()).onConflict(OnConflict.REPLACE_PENDING);
        tasks.append(new Task("one"), key.withDelay(HOUR));
        tasks.append(new Task("two"), key);
        tasks.start();

        assertDueInAnHour(tasks, clock, 1);
        assertThat(names(tasks, EventStatus.COMPLETED)).containsExactly("two");
    }

    @Test
    @DisplayName("12.32 a rate limit goes by one clock: the one it is given, or the one of its executor's Millrace")
    void rateLimit_twoClocks_isRefused() {
        RateLimit limit = RateLimit.of(1, HOUR, clock);
        Executor<Task> unused = byClock().permission(limit).build();
        Executor<Task> unusedToo = byClock().permission(limit).build();
        ExecutorBuilder<Task> other = tasks(by(InstantSource.system())).permission(limit);

        assertThatThrownBy(other::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("goes by another clock already");
        assertThatThrownBy(() -> Millrace.builder().clock(null)).hasMessage("clock");
    }

    @Test
    @DisplayName("12.32 a clock that says a time which cannot be stored is refused by name, wherever it is asked")
    void clock_farOff_isRefusedByName() {
        for (Instant far : List.of(Instant.MAX, Instant.MIN)) {
            Executor<Task> tasks = tasks(by(() -> far)).build();
            for (ThrowingCallable use : List.<ThrowingCallable>of(
                    () -> tasks.append(new Task("x"), Append.delay(HOUR)),
                    () -> tasks.newEvent(new Task("x"), Append.delay(HOUR)))) {
                assertThatThrownBy(use)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("clock")
                        .hasMessageContaining("must lie in the years 1 to 9999, got " + far);
            }
        }
    }
}
