package dev.millrace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Flows, workers and progressions are seen by SQL as by the library. */
class SqlViewsTest extends WithSql {
    private static final Append LATER = Append.defaults().withRunAt(Instant.parse("2999-01-31T09:00:00.123456Z"));

    SqlViewsTest(TestDatabase database) {
        super(database);
    }

    /** A flow with events of every status but processing, some of them denied. */
    private Executor<Task> busy() throws InterruptedException {
        Executor<Task> tasks = tasks().maxQueueSize(1000)
                .handler((task, run) -> {
                    if (task.name().startsWith("bad")) {
                        throw run.fail(task.name());
                    }
                    return null;
                })
                .build();
        append(tasks, 25);
        tasks.append(new Task("bad 1"));
        tasks.append(new Task("bad 2"));
        tasks.start();
        tasks.forward();
        append(tasks, 12);
        tasks.append(new Task("urgent"), Append.priority(-1.5e300));
        tasks.append(new Task("later"), LATER);
        tasks.append(new Task("much later"), Append.defaults().withRunAt(Instant.parse("3999-01-31T09:00:00Z")));
        tasks.cancel(tasks.append(new Task("cancelled")), "why");
        tasks.skip(tasks.append(new Task("skipped")), "why");
        return tasks;
    }

    @Test
    void flowStatus_ofEachFlow_saysWhatTheLibrarySays() throws InterruptedException {
        Executor<Task> tasks = busy();
        millrace().executor("none yet", Anything.class).build();
        tasks.pause("lunch");

        assertThat(database.query("""
                        select flow, pause_reason, max_pending, pending, processing, completed, failed, cancelled, skipped, aborted
                        from flow_status order by flow
                        """))
                .containsExactly(
                        row("none yet", null, null, 0L, 0L, 0L, 0L, 0L, 0L, 0L),
                        row("tasks", "lunch", 1000, 15L, 0L, 25L, 2L, 1L, 1L, 0L));
        assertThat(time("paused_at"))
                .isEqualTo(tasks.currentPause().orElseThrow().since());
        Event<Task> next = tasks.pendingEvents().iterator().next();
        assertThat(time("waiting_since")).isEqualTo(next.createdAt());
        assertThat(time("next_run_at")).isEqualTo(Instant.parse("2999-01-31T09:00:00.123456Z"));
        assertThat(time("last_completed_at")).isEqualTo(last(tasks, EventStatus.COMPLETED));
        assertThat(time("last_failed_at")).isEqualTo(last(tasks, EventStatus.FAILED));
        String waiting = database.text("select waiting from flow_status where flow = 'tasks'");
        assertThat(database.text( // by a later statement: one statement's looks at the clock have no order
                        "select ?::interval between interval '0' and clock_timestamp() - waiting_since"
                                + " from flow_status where flow = 'tasks'",
                        waiting))
                .isEqualTo("true");
        assertThat(database.query("select waiting, waiting_since, next_run_at, last_completed_at, last_failed_at"
                        + " from flow_status where flow = 'none yet'"))
                .containsExactly(row(null, null, null, null, null));
    }

    private static List<@Nullable Object> row(@Nullable Object... values) {
        List<@Nullable Object> row = new ArrayList<>();
        for (Object value : values) {
            row.add(value);
        }
        return row;
    }

    private Instant time(String column) {
        return Instant.parse(requireNonNull(
                database.text("select iso_instant(%s) from flow_status where flow = 'tasks'".formatted(column))));
    }

    private static Instant last(Executor<Task> tasks, EventStatus status) {
        Instant last = Instant.MIN;
        for (Event<Task> event : tasks.events(status)) {
            last = requireNonNull(event.execution().finishedAt());
        }
        return last;
    }

    @Test
    void waitingSince_ofSeveralTypesAndASuspect_isTheLongestWaitOfThoseThatAreNext() {
        Executor<Task> tasks = tasks().build();
        millrace().executor("tasks", Anything.class).build(); // a second type
        UUID suspect = tasks.append(new Task("held by a worker that died"));
        tasks.append(new Task("next"));
        database.execute("update ready set lane = -lane where id = ?", suspect);

        assertThat(time("waiting_since")).isEqualTo(event(tasks, suspect).createdAt());
    }

    @Test
    void inspectState_atAnyMoment_isTheLibrarysToTheByte() throws InterruptedException {
        Executor<Task> tasks = busy();
        assertThat(database.text("select inspect_state('tasks')")).isEqualTo(tasks.inspectState());
        tasks.pause();
        assertThat(database.text("select inspect_state('tasks')")).isEqualTo(tasks.inspectState());
        tasks.resume();
        tasks.pause("é ' \\ %s\u200B$1");
        assertThat(database.text("select inspect_state('tasks')")).isEqualTo(tasks.inspectState());
        String odd = "50 % of\u200B 'it' \\n {0}";
        Executor<Anything> other = millrace().executor(odd, Anything.class).build();
        assertThat(database.text("select inspect_state(?)", odd)).isEqualTo(other.inspectState());
        assertThatThrownBy(() -> database.text("select inspect_state('none')"))
                .hasMessageContaining("Flow 'none' not found");
    }

    @Test
    void members_pageByPage_areTheLibrarysWithItsPlaces() throws InterruptedException {
        Executor<Task> tasks = busy();
        tasks.progressions().add("stage");
        List<UUID> staged = new ArrayList<>();
        tasks.completedEvents().forEach(event -> staged.addFirst(event.id()));
        tasks.progressions().append("stage", staged.toArray(UUID[]::new));

        for (EventStatus status : EventStatus.all()) {
            String after = null;
            do {
                EventPage<Task> page = tasks.events(status, after, 4);
                List<List<@Nullable Object>> members = database.query(
                        "select id, place from members('tasks', ?, ?, 4) with ordinality order by ordinality",
                        status.wireName(),
                        after);
                assertThat(members)
                        .extracting(List::getFirst)
                        .isEqualTo(page.events().stream().map(Event::id).toList());
                if (page.next() != null) { // the place that SQL gives leads the library to the same
                    assertThat(ids(tasks, status, (String) members.getLast().get(1)))
                            .isEqualTo(ids(tasks, status, page.next()));
                }
                after = page.next();
            } while (after != null);
        }
        List<UUID> found = new ArrayList<>();
        List<List<@Nullable Object>> page = database.query("select id, place from members('tasks', 'stage', null, 10)");
        while (!page.isEmpty()) {
            page.forEach(member -> found.add((UUID) member.getFirst()));
            page = database.query(
                    "select id, place from members('tasks', 'stage', ?, 10)",
                    page.getLast().get(1));
        }
        assertThat(found).isEqualTo(staged);
        assertThat(tasks.progressions().get("stage").order()).isEqualTo(staged);
    }

    private static List<UUID> ids(Executor<Task> tasks, EventStatus status, @Nullable String after) {
        return tasks.events(status, after, 4).events().stream().map(Event::id).toList();
    }

    @Test
    void members_ofWhatIsNotThere_areRefused() {
        Executor<Task> tasks = tasks().build();
        assertThatThrownBy(() -> database.query("select members('tasks', 'stage')"))
                .hasMessageContaining(messageOf(() -> tasks.progressions().get("stage")));
        for (String size : List.of("0", "-1", "1001", "null")) {
            assertThatThrownBy(() -> database.query("select members('tasks', 'failed', null, " + size + ")"))
                    .hasMessageContaining("size must be 1 to 1000, got " + size);
        }
        for (EventStatus status : List.of(EventStatus.PENDING, EventStatus.PROCESSING, EventStatus.FAILED)) {
            for (String place : List.of(
                    "",
                    "a",
                    "a,,",
                    "a,,1",
                    "a,1,1",
                    "a,,1 ",
                    "a,,99999999999999999999",
                    "p,,1",
                    "p,1.0,1",
                    "p,NaN,1",
                    "p,x,1",
                    "t,1,1",
                    "t,2000-01-01T00:00:00Z,1",
                    "t,2000-02-30T00:00:00Z,1",
                    "x,,1")) {
                @Nullable
                String refusal = catchThrowable(() -> tasks.events(status, place, 10)) instanceof Exception e
                        ? e.getMessage()
                        : null;
                if (refusal == null) {
                    assertThat(database.query("select members('tasks', ?, ?)", status.wireName(), place))
                            .isEmpty();
                } else {
                    assertThatThrownBy(() -> database.query("select members('tasks', ?, ?)", status.wireName(), place))
                            .hasMessageContaining("ERROR: " + refusal + "\n");
                }
            }
        }
        assertThatThrownBy(() -> database.query("select members('none', 'failed')"))
                .hasMessageContaining("Flow 'none' not found");
    }

    private static String messageOf(Runnable act) {
        try {
            act.run();
        } catch (NotFoundException e) {
            return requireNonNull(e.getMessage());
        }
        throw new AssertionError("was not refused");
    }

    @NotPooled("about a worker that listens, which none does through a pooler")
    @Test
    @LeavesRunningRows
    void workerStatus_ofAllKindsOfWorkers_saysWhoLivesListensAndRunsWhat() throws Exception {
        CountDownLatch running = new CountDownLatch(2);
        CountDownLatch end = new CountDownLatch(1);
        Millrace listening = opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .lease(Duration.ofSeconds(6)) // says so within two, and rescues nobody before six
                .connect());
        Executor<Task> tasks = tasks(listening)
                .handler((task, run) -> {
                    running.countDown();
                    end.await();
                    return null;
                })
                .build();
        append(tasks, 2);
        tasks.start();
        tasks.execute();
        assertThat(running.await(30, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        Executor<Task> deaf = tasks(worker(false)).handler((task, run) -> null).build();
        deaf.start();
        try {
            database.await("select count(*) filter (where listening) = 1 from worker_status");
            UUID gone = UUID.randomUUID();
            database.execute(
                    "insert into running select gen_random_uuid(), ?, claimed_at, priority, position, lane, flow, attempt,"
                            + " failures, denials, deaths from running limit 1",
                    gone);
            UUID dead = UUID.randomUUID();
            database.execute(
                    "insert into worker (id, host, pid, version, expires_at) values (?, 'mill', 7, '1', clock_timestamp())",
                    dead);
            assertThat(database.query("""
                            select host = 'mill', alive, listening, array_to_string(flows, ', '), running,
                                running_since = (select min(claimed_at) from running r where r.worker = w.id),
                                renewed_at < expires_at
                            from worker_status w order by running desc, alive desc
                            """))
                    .startsWith(row(false, true, true, "tasks", 2L, true, true))
                    .contains(row(null, false, false, "tasks", 1L, true, null))
                    .contains(row(false, true, false, "tasks", 0L, null, true));
            assertThat(database.query("select id from worker_status where not alive"))
                    .containsExactlyInAnyOrder(List.of(gone), List.of(dead));
        } finally {
            end.countDown();
        }
    }

    @NotPooled("about a worker that listens, which none does through a pooler")
    @Test
    void workerStatus_ofAnIdleWorkerThatListens_namesTheFlowItWaitsFor() {
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        tasks.start();
        tasks.execute();

        database.await("select exists (select from worker_status where flows = '{tasks}' and running = 0)");
    }

    @Test
    void alive_byTheRuleOfTheRescue_endsWithTheLease() throws Exception {
        UUID worker = UUID.randomUUID();
        for (String moment : List.of("+ interval '1 hour'", "- interval '1 ms'")) {
            database.execute("delete from worker");
            database.execute(
                    "insert into worker (id, host, pid, version, expires_at) values (?, 'mill', 7, '1',"
                            + " clock_timestamp() " + moment + ")",
                    worker);
            assertThat(database.text("select alive from worker_status"))
                    .isEqualTo(String.valueOf(moment.startsWith("+")));
        }
        try (var rescue = Millrace.class.getResourceAsStream("store/rescue.sql")) {
            assertThat(new String(requireNonNull(rescue).readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                    .contains("not millrace.is_alive(w.expires_at)");
        }
        assertThat(database.text("select pg_get_viewdef('worker_status'::regclass)"))
                .contains("is_alive(w.expires_at)");
    }
}
