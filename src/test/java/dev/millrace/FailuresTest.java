package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventStatus;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.RetryFilter;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What ended without success: its history, when it ended, how many there are, and appending it again by SQL. */
class FailuresTest extends WithMillrace {
    FailuresTest(TestDatabase database) {
        super(database);
    }

    /** Ends events by their names: failed, timed out, aborted, skipped, completed. */
    private Executor<Task> mixed() {
        return tasks().concurrencyLimit(1)
                .maxDenials(1)
                .permission(event -> Permission.of(!event.payload().name().startsWith("aborted")))
                .handler((task, run) -> {
                    switch (task.name().split(" ", -1)[0]) {
                        case "failed" -> throw new IllegalStateException("failure of " + task.name());
                        case "late" -> new CountDownLatch(1).await();
                        case "skipped" -> throw run.skip("not needed");
                        default -> {}
                    }
                    return null;
                })
                .build();
    }

    /** Two of each, one after another; a handler that is late has 20 ms. */
    private Executor<Task> filled() throws InterruptedException {
        Executor<Task> tasks = mixed();
        tasks.execute();
        for (int round = 1; round <= 2; round++) {
            for (String name : List.of("failed", "completed", "late", "skipped", "aborted")) {
                Append options = name.equals("late") ? Append.timeout(Duration.ofMillis(20)) : Append.defaults();
                ended(tasks, tasks.append(new Task(name + " " + round), options));
            }
            tasks.cancel(tasks.append(new Task("cancelled " + round), Append.delay(Duration.ofDays(1))), "on purpose");
        }
        return tasks;
    }

    private static List<String> names(Iterable<Event<Task>> events) {
        return StreamSupport.stream(events.spliterator(), false)
                .map(event -> event.payload().name())
                .toList();
    }

    private static Instant finished(Event<Task> event) {
        return Objects.requireNonNull(event.execution().finishedAt());
    }

    private List<String> bySql(String call, @Nullable Object... arguments) {
        return database.list(
                String.class,
                "select e.payload ->> 'name' from " + call
                        + " with ordinality f join event e on e.id = f.id order by ordinality",
                arguments);
    }

    @Test
    @DisplayName(
            "12.7 the attempts at an event are had by SQL, with the last one and the one that runs, as by the library")
    void attempts_bySql_areComplete() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .handler((task, run) -> {
                    Object unused = run.failures() == 0 ? null : stage.handle(task, run);
                    throw new IllegalStateException("failure " + run.failures());
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        assertThat(database.query("select * from attempts(?)", id)).isEmpty();
        tasks.execute();
        stage.awaitEntered(1);
        assertThat(database.list(String.class, "select result from attempts(?)", id))
                .containsExactly("retry", "processing");
        stage.release(1);
        ended(tasks, id);

        List<EventAttempt> attempts = tasks.attempts(id);
        assertThat(attempts).extracting(EventAttempt::result).containsExactly(Result.RETRY, Result.FAILED);
        assertThat(database.list(
                        String.class,
                        "select concat_ws(' ', attempt, result, worker, iso_instant(started_at), iso_instant(finished_at), error ->> 'message')"
                                + " from attempts(?)",
                        id))
                .isEqualTo(attempts.stream()
                        .map(attempt -> "%d %s %s %s %s %s"
                                .formatted(
                                        attempt.number(),
                                        attempt.result().wireName(),
                                        attempt.worker(),
                                        attempt.startedAt(),
                                        attempt.finishedAt(),
                                        Objects.requireNonNull(attempt.error())
                                                .path("message")
                                                .asText()))
                        .toList());
        assertThat(database.list(String.class, "select (duration > 0)::text from attempts(?)", id))
                .containsExactly("true", "true");
        assertThat(database.query("select * from attempts(?)", UUID.randomUUID()))
                .isEmpty();
    }

    @Test
    @DisplayName("12.31 the attempt that aborted its event is shown as what it was: a denial, or a check that failed")
    void attempts_ofAnAbortedEvent_sayWhatTheLastWas() throws InterruptedException {
        Executor<Task> tasks = tasks().denialBackOff(Duration.ZERO)
                .maxDenials(2)
                .maxPermissionErrors(2)
                .permission(event -> {
                    if (event.payload().name().equals("denied")) {
                        return Permission.denied("no");
                    }
                    throw new IllegalStateException("the check failed");
                })
                .handler((task, run) -> null)
                .build();
        tasks.execute();
        UUID denied = tasks.append(new Task("denied"));
        UUID unchecked = tasks.append(new Task("unchecked"));
        assertThat(ended(tasks, denied).status()).isEqualTo(EventStatus.ABORTED);
        assertThat(ended(tasks, unchecked).status()).isEqualTo(EventStatus.ABORTED);

        assertThat(tasks.attempts(denied))
                .extracting(EventAttempt::result)
                .containsExactly(Result.DENIED, Result.DENIED);
        assertThat(tasks.attempts(unchecked))
                .extracting(EventAttempt::result)
                .containsExactly(Result.PERMISSION_ERROR, Result.PERMISSION_ERROR);
        for (EventStatus status : EventStatus.all().subList(2, 7)) {
            for (String error : List.of("PermissionDeniedError", "ExecutionError", "WorkerDeath", "Other")) {
                ObjectNode document = JsonNodeFactory.instance.objectNode().put("error", error);
                assertThat(database.text("select ended_result(?, ?::jsonb)", status.ordinal(), document.toString()))
                        .isEqualTo(Result.ofEnd(status, document).wireName());
            }
        }
    }

    @Test
    @DisplayName("12.7 what failed since is listed newest first, page by page, by SQL as in Java")
    void failed_sinceATime_isPagedNewestFirst() throws InterruptedException {
        Executor<Task> tasks = filled();
        List<String> all = List.of(
                "cancelled 2", "aborted 2", "late 2", "failed 2", "cancelled 1", "aborted 1", "late 1", "failed 1");
        RetryFilter filter = RetryFilter.unsuccessful();
        List<Event<Task>> events = new ArrayList<>();
        tasks.failures(filter).forEach(events::add);

        assertThat(names(tasks.failures(filter))).isEqualTo(all);
        assertThat(bySql("failed('tasks')")).isEqualTo(all);
        assertThat(names(tasks.failures(filter.limit(3)))).isEqualTo(all.subList(0, 3));
        Instant since = finished(events.get(3));
        Instant until = finished(events.get(1));
        assertThat(names(tasks.failures(filter.since(since)))).isEqualTo(all.subList(0, 4));
        assertThat(names(tasks.failures(filter.since(since).until(until)))).isEqualTo(all.subList(2, 4));
        assertThat(bySql("failed('tasks', since => ?, until => ?)", Timestamp.from(since), Timestamp.from(until)))
                .isEqualTo(all.subList(2, 4));
        assertThat(names(tasks.failures(RetryFilter.ended(EventStatus.FAILED, EventStatus.SKIPPED))))
                .containsExactly("skipped 2", "failed 2", "skipped 1", "failed 1");
        assertThat(bySql("failed('tasks', statuses => array['failed', 'skipped'])"))
                .containsExactly("skipped 2", "failed 2", "skipped 1", "failed 1");
        assertThat(names(tasks.failures(
                        filter.withError("timeouterror").onlyRetryable().ofTypes("task"))))
                .containsExactly("late 2", "late 1");
        assertThat(names(tasks.failures(filter.ofTypes("other")))).isEmpty();

        List<String> paged = new ArrayList<>();
        String after = null;
        do {
            EventPage<Task> page = tasks.failures(filter, after, 3);
            List<List<@Nullable Object>> rows =
                    database.query("select id, place from failed('tasks', null, null, ?, 3)", after);
            assertThat(rows)
                    .extracting(List::getFirst)
                    .isEqualTo(page.events().stream().map(Event::id).toList());
            paged.addAll(names(page.events()));
            after = page.next();
            if (after != null) {
                assertThat(rows.getLast().getLast()).isEqualTo(after);
            }
        } while (after != null);
        assertThat(paged).isEqualTo(all);
        assertThat(
                        database.list(
                                String.class,
                                "select concat_ws(' ', type, status, attempt, error ->> 'error', retryable) from failed('tasks', size => 3)"))
                .containsExactly(
                        "task cancelled 0 CancelledError t",
                        "task aborted 1 PermissionDeniedError f",
                        "task cancelled 1 TimeoutError t");
    }

    @Test
    @DisplayName("12.7 a cursor, a size or a status that does not fit is refused")
    void failed_withWhatDoesNotFit_isRefused() {
        Executor<Task> tasks = tasks().build();
        for (String after : List.of("a,,1", "t,x,1", "t,2000-01-01T00:00:00Z,99999999999999999999", "")) {
            assertThatThrownBy(() -> database.query("select * from failed('tasks', null, null, ?)", after))
                    .hasMessageContaining("not a cursor of a page: '" + after + "'");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tasks.failures(RetryFilter.failed(), "a,,1", 1))
                .withMessage("not a cursor of a page of failures: 'a,,1'");
        assertThatThrownBy(() -> database.query("select * from failed('tasks', size => 0)"))
                .hasMessageContaining("size must be 1 to 1000, got 0");
        assertThatThrownBy(() -> database.query("select * from failed('tasks', statuses => array['completed'])"))
                .hasMessageContaining("statuses must be of failed, cancelled, skipped, aborted, got 'completed'");
        assertThatThrownBy(() -> database.query("select * from failed('none')"))
                .hasMessageContaining("Flow 'none' not found");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tasks.failures(RetryFilter.ended(EventStatus.COMPLETED)))
                .withMessageContaining("got completed");
        assertThatThrownBy(() -> database.query("select retry_all('tasks', statuses => array['pending'])"))
                .hasMessageContaining(
                        "statuses must be of completed, failed, cancelled, skipped, aborted, got 'pending'");
    }

    @Test
    @DisplayName("12.7 the members of a progression are paged newest first as well, by SQL as in Java")
    void latest_ofAProgression_isTheOtherWayRound() {
        Executor<Task> tasks = tasks().build();
        List<UUID> ids = append(tasks, 7);
        ids.forEach(id -> tasks.skip(id, "no"));
        tasks.progressions().add("mine");
        tasks.progressions().append("mine", ids.toArray(UUID[]::new));

        List<UUID> paged = new ArrayList<>();
        String before = null;
        do {
            EventPage<Task> page = tasks.latestEvents(EventStatus.SKIPPED, before, 3);
            assertThat(database.list(UUID.class, "select id from latest_members('tasks', 'skipped', ?, 3)", before))
                    .isEqualTo(page.events().stream().map(Event::id).toList());
            page.events().forEach(event -> paged.add(event.id()));
            before = page.next();
        } while (before != null);
        assertThat(paged).isEqualTo(ids.reversed());
        assertThat(database.list(UUID.class, "select id from latest_members('tasks', 'mine')"))
                .isEqualTo(ids.reversed());
        assertThat(database.list(UUID.class, "select id from latest_members('tasks', 'mine', 'a,,2')"))
                .isEqualTo(ids.subList(0, 2).reversed());
        assertThatThrownBy(() -> database.query("select * from latest_members('tasks', 'pending')"))
                .hasMessageContaining("pending events have no newest first: page them with members");
        assertThatThrownBy(() -> database.query("select * from latest_members('tasks', 'none')"))
                .hasMessageContaining("Progression 'none' not found in flow");
        assertThatThrownBy(() -> database.query("select * from latest_members('tasks', 'failed', 'p,1,1')"))
                .hasMessageContaining("not a cursor of a page: 'p,1,1'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tasks.latestEvents(EventStatus.PROCESSING, null, 1))
                .withMessageContaining("processing events have no newest first");
    }

    @Test
    @DisplayName("12.22 what ended without success, timeouts included, has a filter and a count, in Java and SQL")
    void unsuccessful_ofAMixedFlow_hasTimeouts() throws InterruptedException {
        Executor<Task> tasks = filled();
        List<Event<Task>> events = new ArrayList<>();
        tasks.failures(RetryFilter.unsuccessful()).forEach(events::add);
        Instant since = finished(events.get(3));

        assertThat(tasks.countFailures(RetryFilter.unsuccessful())).isEqualTo(8);
        assertThat(tasks.countFailures(RetryFilter.unsuccessful().since(since))).isEqualTo(4);
        assertThat(tasks.countFailures(RetryFilter.unsuccessful().limit(5))).isEqualTo(5);
        assertThat(tasks.countFailures(RetryFilter.failed())).isEqualTo(2);
        assertThat(database.longValue("select failed_count('tasks')")).isEqualTo(8);
        assertThat(database.longValue("select failed_count('tasks', ?)", Timestamp.from(since)))
                .isEqualTo(4);
        assertThat(database.longValue("select failed_count('tasks', statuses => array['failed'])"))
                .isEqualTo(2);
        assertThat(EventStatus.all().stream().filter(EventStatus::isUnsuccessful))
                .containsExactlyInAnyOrderElementsOf(EventStatus.unsuccessful())
                .containsExactly(EventStatus.FAILED, EventStatus.CANCELLED, EventStatus.ABORTED);

        tasks.stop();
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(tasks.retryAll(RetryFilter.unsuccessful().withError("TimeoutError")))
                .isEqualTo(2);
        assertThat(tasks.cleanupEvents(EventStatus.unsuccessful())).isEqualTo(8);
        assertThat(tasks.countFailures(RetryFilter.unsuccessful())).isZero();
    }

    @Test
    @DisplayName("12.7 retry_all appends each event again once, as the library's, however often it is called")
    void retryAll_bySql_isThatOfTheLibrary() throws InterruptedException {
        Executor<Task> tasks = filled();
        tasks.stop();
        assertThat(tasks.join(LONG)).isTrue();
        tasks.pause("so that what is appended again stays");

        assertThat(database.longValue("select retry_all('tasks', types => array['other'])"))
                .isZero();
        assertThat(database.longValue("select retry_all('tasks', error => 'FAILURE of failed 2')"))
                .isOne();
        assertThat(tasks.retryAll(RetryFilter.failed())).isOne();
        assertThat(database.longValue("select retry_all('tasks')")).isZero();
        assertThat(database.longValue(
                        "select retry_all('tasks', statuses => array['failed', 'cancelled', 'aborted'], size => 2)"))
                .isEqualTo(2);
        assertThat(tasks.retryAll(RetryFilter.unsuccessful().onlyRetryable())).isEqualTo(2);
        assertThat(
                        database.longValue(
                                "select retry_all('tasks', statuses => array['failed', 'cancelled', 'aborted'], retryable => true)"))
                .isZero();
        assertThat(names(tasks, EventStatus.PENDING))
                .containsExactly("failed 2", "failed 1", "late 1", "cancelled 1", "late 2", "cancelled 2");
        Event<Task> fresh = tasks.pendingEvents().iterator().next();
        assertThat(fresh.metadata().at("/attempt").asInt()).isEqualTo(2);
    }

    @Test
    @DisplayName("12.7 two callers of retry_all at once share the work, and neither stops early")
    void retryAll_bySqlTwiceAtOnce_isDoneOnce() throws Exception {
        Executor<Task> tasks = tasks().build();
        append(tasks, 3_000);
        database.execute(
                "with gone as (delete from ready returning id, flow)"
                        + " insert into outcome (id, flow, attempt, status, started_at) select id, flow, 1, 3, now() from gone");
        CyclicBarrier together = new CyclicBarrier(2);
        long sum = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Long>> calls = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                calls.add(threads.submit(() -> {
                    together.await();
                    long appended = 0;
                    long last;
                    do {
                        last = database.longValue("select retry_all('tasks', size => 500)");
                        appended += last;
                    } while (last == 500);
                    return appended;
                }));
            }
            for (Future<Long> call : calls) {
                sum += call.get();
            }
        }
        assertThat(sum).isEqualTo(3_000);
        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(3_000);
    }

    @Test
    @DisplayName("12.7 retry_all on a bounded flow takes no more than it may")
    void retryAll_bySqlOfABoundedFlow_isRefused() {
        Executor<Task> tasks = tasks().maxQueueSize(3).build();
        append(tasks, 3).forEach(id -> tasks.skip(id, "no"));
        append(tasks, 2);

        assertThatThrownBy(() -> database.query("select retry_all('tasks', statuses => array['skipped'])"))
                .hasMessageContaining("Queue size (3) exceeds max (3)");
        assertThat(count(tasks, EventStatus.PENDING))
                .as("its transaction was rolled back")
                .isEqualTo(2);
        assertThatThrownBy(() -> tasks.retryAll(RetryFilter.ended(EventStatus.SKIPPED)))
                .isInstanceOf(QueueFullException.class);
        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(3);
    }
}
