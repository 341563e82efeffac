package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RateLimit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Denials and failed checks are spaced: a check that says no, or nothing, for a moment destroys no work. */
class DenialBackOffTest extends WithMillrace {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final ManualClock clock = new ManualClock(Instant.parse("2030-03-01T00:00:00Z"));

    DenialBackOffTest(TestDatabase database) {
        super(database);
    }

    private ExecutorBuilder<Task> byClock() {
        return tasks(by(clock)).handler((task, run) -> task.name());
    }

    @Test
    @DisplayName("12.27 a check that always says no has aborted none of 5,000 events after its first round, by default")
    void execute_alwaysDenied_abortsNoneInTheFirstRound() {
        Executor<Task> tasks =
                byClock().permission(event -> Permission.of(false)).build();
        append(tasks, 5_000);

        tasks.execute(); // the clock stands still, so no second round comes
        database.await("select count(*) = 5000 from attempt where reason = 'denied'");

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 5_000L));
        assertThat(database.query(
                        "select count(*), max(denials), min(run_at) >= ?::timestamptz, max(run_at) <= ?::timestamptz from scheduled",
                        clock.in(Duration.ofSeconds(20)).toString(),
                        clock.in(Duration.ofSeconds(40)).toString()))
                .containsExactly(List.of(5_000L, 1, true, true));
    }

    @Test
    @DisplayName("12.27 by the database's clock a denied event is due no earlier than the back-off after its denial")
    void execute_denied_isDueAfterTheBackOff() {
        Executor<Task> tasks = tasks().denialBackOff(Duration.ofHours(1))
                .permission(event -> Permission.of(false))
                .handler((task, run) -> null)
                .build();
        append(tasks, 200);

        tasks.execute();
        database.await("select count(*) = 200 from attempt where reason = 'denied'");

        assertThat(database.query("select count(*), bool_and(s.run_at - a.finished_at between '1 h' and '2 h')"
                        + " from scheduled s join attempt a on a.event = s.id"))
                .containsExactly(List.of(200L, true));
    }

    @Test
    @DisplayName(
            "12.27 three denials take a minute at least and two at most; the strikes stay: the third aborts (R-060)")
    void forward_alwaysDenied_abortsAfterAMinute() throws InterruptedException {
        Executor<Task> tasks =
                byClock().permission(event -> Permission.denied("never")).build();
        List<UUID> ids = append(tasks, 50);
        tasks.start();

        for (int second = 0; second < 60; second++) {
            tasks.forward();
            clock.turn(SECOND);
        }
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 50L));
        for (int second = 60; second <= 120; second++) {
            tasks.forward();
            clock.turn(SECOND);
        }

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.ABORTED, 50L));
        assertThat(attempts(ids.getFirst())).containsExactly("denied", "denied");
    }

    @Test
    @DisplayName("12.27 a limiter of one's own that says no, three a second, aborts none of twelve events")
    void forward_limiterThatSaysNo_abortsNone() throws InterruptedException {
        RateLimit limit = RateLimit.of(3, SECOND, clock);
        Executor<Task> tasks = byClock()
                .permission(event -> Permission.of(limit.request(event) instanceof Permission.Granted))
                .build();
        append(tasks, 12);
        tasks.start();

        for (int second = 0; second <= 120; second++) {
            tasks.forward();
            clock.turn(SECOND);
        }

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 12L));
    }

    @Test
    @DisplayName("12.27 the back-off doubles with each denial; what the check itself asks for counts if it is longer")
    void denied_pause_doublesAndIsTheLeast() throws InterruptedException {
        Executor<Task> tasks = byClock()
                .denialBackOff(Duration.ofMinutes(1))
                .maxDenials(4)
                .permission(event ->
                        Permission.denied("no", event.payload().name().equals("0") ? SECOND : Duration.ofHours(1)))
                .build();
        List<UUID> ids = append(tasks, 2);
        tasks.start();

        tasks.forward();
        assertThat(dueIn(ids.get(0))).isBetween(60.0, 120.0);
        assertThat(dueIn(ids.get(1))).isEqualTo(3_600);
        clock.turn(Duration.ofHours(1));
        tasks.forward();
        assertThat(dueIn(ids.get(0))).isBetween(120.0, 240.0);
        clock.turn(Duration.ofHours(1));
        tasks.forward();
        assertThat(dueIn(ids.get(0))).isBetween(240.0, 480.0);
        clock.turn(Duration.ofHours(1));
        tasks.forward();

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.ABORTED, 2L));
    }

    /** In how many seconds of the clock's a denied event is asked about again. */
    private double dueIn(UUID id) {
        return (double) database.query(
                        "select extract(epoch from run_at - ?::timestamptz)::float8 from scheduled where id = ?",
                        clock.instant().toString(),
                        id)
                .getFirst()
                .getFirst();
    }

    @Test
    @DisplayName("12.27 join does not wait for a denied event that is not due, and a back-off of zero is the model's")
    void join_deniedAndNotDue_doesNotWait() throws InterruptedException {
        Executor<Task> tasks = byClock()
                .permission(event -> Permission.of(!event.payload().name().equals("0")))
                .build();
        Executor<Task> atOnce = byClock()
                .denialBackOff(Duration.ZERO)
                .permission(event -> Permission.of(false))
                .build();
        append(tasks, 3);
        tasks.execute();

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L, EventStatus.PENDING, 1L));

        tasks.stop();
        append(atOnce, 3);
        atOnce.start();
        for (int batch = 0; batch < 3; batch++) {
            atOnce.forward();
        }
        assertThat(counts(atOnce))
                .isEqualTo(Map.of(EventStatus.COMPLETED, 2L, EventStatus.PENDING, 1L, EventStatus.ABORTED, 3L));
    }

    @Test
    @DisplayName(
            "12.27 a check that gives no answer for an hour, since what it asks is away, aborts nothing by default")
    void failingCheck_forAnHour_abortsNothing() throws InterruptedException {
        Instant back = clock.in(Duration.ofHours(1));
        Executor<Task> tasks = byClock()
                .permission(event -> {
                    if (clock.instant().isBefore(back)) {
                        throw new java.io.IOException("no route");
                    }
                    return Permission.granted();
                })
                .build();
        UUID id = append(tasks, 1).getFirst();
        tasks.start();

        for (int tenth = 0; tenth < 600; tenth++) { // dense at first, when the pauses are short
            tasks.forward();
            clock.turn(Duration.ofMillis(100));
        }
        for (int minute = 1; minute < 60 && clock.instant().isBefore(back); minute++) {
            tasks.forward();
            clock.turn(Duration.ofMinutes(1));
        }
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PENDING);
        assertThat(attempts(id)).hasSizeGreaterThan(10).containsOnly("permission-error");
        clock.turn(Duration.ofMinutes(10));
        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName(
            "12.27 only checks that fail in a row add up to maxPermissionErrors: an answer between them clears them")
    void failingCheck_answersBetween_doNotAddUp() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        Executor<Task> tasks = byClock()
                .maxPermissionErrors(2)
                .permission(event -> {
                    int time = asked.incrementAndGet();
                    if (time % 2 == 1 && time < 8) {
                        throw new java.io.IOException("no route");
                    }
                    return time < 8 ? Permission.waitFor(SECOND) : Permission.granted();
                })
                .build();
        UUID id = append(tasks, 1).getFirst();
        tasks.start();

        for (int second = 0; second < 8; second++) {
            tasks.forward();
            clock.turn(SECOND);
        }

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(attempts(id)).hasSize(7).contains("permission-error", "wait");
    }
}
