package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Past its deadline an event that has not started is skipped, wherever it waits. */
class DeadlineTest extends WithMillrace {
    private static final Duration SECOND = Duration.ofSeconds(1);

    /** Turned instead of waiting for a deadline, and so that none passes before it should. */
    private final ManualClock clock = new ManualClock(Instant.parse("2033-03-03T03:03:03Z"));

    DeadlineTest(TestDatabase database) {
        super(database);
    }

    private ExecutorBuilder<Task> byClock() {
        return tasks(by(clock));
    }

    private Append in(Duration time) {
        return Append.defaults().withDeadline(clock.in(time));
    }

    private static void assertSkipped(Event<Task> event) {
        assertThat(event.status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(errorName(event)).isEqualTo("SkippedError");
        assertThat(errorMessage(event)).startsWith("deadline 2").endsWith(" passed before it started");
        assertThat(event.execution().retryable()).isFalse();
    }

    @Test
    @DisplayName("An event that nobody claims is skipped at its deadline by any worker of the schema; others are not")
    void deadline_unclaimed_isSkipped() throws InterruptedException {
        Executor<Task> nobodys = millrace().executor("nobodys", Task.class).build();
        UUID id = nobodys.append(
                new Task("x"), Append.defaults().withDeadline(Instant.now().plusMillis(100)));
        UUID later = nobodys.append(new Task("y"), in(LONG.multipliedBy(10)));
        UUID without = nobodys.append(new Task("z"));
        tasks(another()).handler((task, run) -> null).build().execute();

        assertSkipped(ended(nobodys, id));
        assertThat(nobodys.attempts(id)).isEmpty();
        assertThat(event(nobodys, later).status()).isEqualTo(EventStatus.PENDING);
        assertThat(event(nobodys, without).status()).isEqualTo(EventStatus.PENDING);
        assertThat(database.list(UUID.class, "select event from expiry")).containsExactly(later);
        assertThat(count(nobodys, EventStatus.SKIPPED)).isOne();
    }

    @Test
    @DisplayName("An event that is scheduled, for its time or for a retry, is skipped at its deadline")
    void deadline_scheduled_isSkipped() throws InterruptedException {
        Executor<Task> tasks = byClock()
                .retry(RetryPolicy.fixed(Duration.ofMinutes(30), 5))
                .handler((task, run) -> {
                    throw new IllegalStateException("failure");
                })
                .build();
        UUID delayed = tasks.append(new Task("x"), in(SECOND).withRunAt(clock.in(SECOND.multipliedBy(2))));
        UUID retried = tasks.append(new Task("y"), in(SECOND));
        tasks.execute();
        database.await("select count(*) = 1 from attempt");
        clock.turn(SECOND);

        assertSkipped(ended(tasks, delayed));
        assertSkipped(ended(tasks, retried));
        assertThat(attempts(retried)).containsExactly("retry");
        assertThat(event(tasks, retried).execution().attempt()).isOne();
        assertThat(tasks.attempts(retried)).hasSize(1);
    }

    @Test
    @DisplayName("An event that waits for permission is skipped at its deadline, also while it is being asked")
    void deadline_waitsForPermission_isSkipped() throws InterruptedException {
        Set<String> ran = ConcurrentHashMap.newKeySet();
        CompletableFuture<Permission> late = new CompletableFuture<>();
        CompletableFuture<Boolean> asked = new CompletableFuture<>();
        Executor<Task> tasks = byClock()
                .permission(event -> {
                    if (event.payload().name().equals("told to wait")) {
                        return Permission.waitFor(Duration.ofHours(1));
                    }
                    asked.complete(true);
                    return late.join();
                })
                .permissionTimeout(LONG)
                .handler((task, run) -> ran.add(task.name()))
                .build();
        UUID waiting = tasks.append(new Task("told to wait"), in(SECOND));
        UUID asking = tasks.append(new Task("asking"), in(SECOND));
        tasks.execute();
        assertThat(asked.join()).isTrue();
        database.await("select count(*) = 1 from attempt where event = ?", waiting);
        clock.turn(SECOND);
        assertSkipped(ended(tasks, waiting));
        late.complete(Permission.granted());

        assertSkipped(ended(tasks, asking));
        assertThat(ran).isEmpty();
    }

    @Test
    @DisplayName("A deadline does not concern an event that runs; one that ends in time leaves nothing behind")
    void deadline_running_goesOn() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = byClock().handler(stage).build();
        UUID id = tasks.append(new Task("x"), in(SECOND));
        tasks.execute();
        stage.awaitEntered(1);
        clock.turn(SECOND);
        database.await("select look_at > (select deadline from event) from expiry");
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PROCESSING);
        stage.release(1);

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        database.execute("update expiry set look_at = now()");
        database.await("select not exists (select from expiry)");
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("Thousands of deadlines pass at once: each is skipped once, by whichever of two workers")
    void deadline_thousands_areSkippedOnce() throws InterruptedException {
        int number = 3_000;
        Executor<Task> nobodys = millrace().executor("nobodys", Task.class).build();
        List<UUID> ids = append(nobodys, number);
        database.execute("insert into expiry (event, look_at) select id, now() from event");
        database.execute("update event set deadline = now()");
        for (int i = 0; i < 2; i++) {
            tasks(another()).handler((task, run) -> null).build().execute();
        }
        ended(nobodys, ids.getLast());
        database.await("select not exists (select from expiry)");

        assertThat(count(nobodys, EventStatus.SKIPPED)).isEqualTo(number);
        assertThat(count(nobodys, EventStatus.PENDING)).isZero();
    }

    @Test
    @DisplayName("What a handler appends has its event's deadline when asked, and never a later one")
    void inheritDeadline_ofTheRun_isKept() throws InterruptedException {
        CompletableFuture<List<Append>> inherited = new CompletableFuture<>();
        Executor<Task> tasks = byClock()
                .handler((task, run) -> {
                    if (task.name().equals("parent")) {
                        inherited.complete(List.of(
                                Append.inheritDeadline(run),
                                in(Duration.ofHours(1)).withDeadlineOf(run),
                                in(Duration.ZERO).withDeadlineOf(run),
                                Append.priority(3).withDeadlineOf(run)));
                    }
                    return null;
                })
                .build();
        Instant deadline = clock.in(LONG);
        UUID id = tasks.append(new Task("parent"), Append.defaults().withDeadline(deadline));
        tasks.start();
        tasks.forward();
        Instant kept = event(tasks, id).deadline();

        List<Append> options = inherited.join();
        assertThat(options.get(0).terms().deadline()).isEqualTo(kept);
        assertThat(options.get(1).terms().deadline()).isEqualTo(kept);
        assertThat(options.get(2).terms().deadline()).isBefore(kept);
        assertThat(options.get(3).terms().deadline()).isEqualTo(kept);
        assertThat(options.get(3).terms().priority()).isEqualTo(3);
    }

    @Test
    @DisplayName("Of an event without a deadline there is none to inherit")
    void inheritDeadline_none_changesNothing() throws InterruptedException {
        CompletableFuture<Append> inherited = new CompletableFuture<>();
        Executor<Task> tasks = tasks().handler(
                        (task, run) -> inherited.complete(Append.timeout(LONG).withDeadlineOf(run)))
                .build();
        tasks.append(new Task("parent"));
        tasks.start();
        tasks.forward();

        assertThat(inherited.join()).isEqualTo(Append.timeout(LONG));
    }
}
