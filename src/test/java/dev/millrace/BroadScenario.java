package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.Flow;
import dev.millrace.event.QueueFullException;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import javax.sql.DataSource;

/**
 * A bit of everything that an application does, with exact expectations: for whatever must not matter to it, such as a
 * database's settings or a proxy in between. Needs an empty schema; used once.
 */
final class BroadScenario {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Millrace millrace;
    private final DataSource own;
    private final Set<Integer> failedOnce = ConcurrentHashMap.newKeySet();
    private final Set<Integer> deniedOnce = ConcurrentHashMap.newKeySet();
    private final Executor<Task> tasks;

    /** @param own gives connections for the application's own transactions */
    BroadScenario(Millrace millrace, DataSource own) {
        this.millrace = millrace;
        this.own = own;
        this.tasks = millrace.executor("tasks", Task.class)
                .queueCapacity(50)
                .retry(RetryPolicy.fixed(Duration.ofMillis(1), 2))
                .denialBackOff(Duration.ZERO)
                .permission(event -> event.payload() instanceof Work work
                                && work.kind().equals("denied once")
                                && deniedOnce.add(work.number())
                        ? Permission.denied("not yet")
                        : Permission.granted())
                .handler((task, run) -> run(task, run.attempt()))
                .streamHandler((task, run) -> IntStream.range(0, 5).boxed())
                .build();
    }

    sealed interface Task permits Work, Errand {}

    record Work(int number, String kind) implements Task {}

    record Errand(Instant when, double amount) implements Task {}

    private Object run(Task task, int attempt) {
        if (task instanceof Work work && work.kind().equals("fails once") && failedOnce.add(work.number())) {
            throw new IllegalStateException("no luck the first time");
        }
        if (task instanceof Work work && work.kind().equals("fails")) {
            throw new IllegalStateException("no luck");
        }
        return Map.of("attempt", attempt, "text", "äöü \\ ' 😀");
    }

    /** All of it. */
    void play() throws Exception {
        List<UUID> ids = append();
        appendInOwnTransaction();
        runAndCount(ids);
        streamAndFollow();
        retryByHand();
        pageThroughAll();
        snapshotAndRestore();
        keepToTheBound();
        manyAtOnce();
        cleanUp();
    }

    private List<UUID> append() {
        List<Task> first = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String kind = i % 10 == 3 ? "fails once" : i % 10 == 5 ? "denied once" : i % 10 == 7 ? "fails" : "plain";
            first.add(new Work(i, kind));
        }
        List<UUID> ids = new ArrayList<>(tasks.appendAll(first));
        ids.add(tasks.append(new Errand(Instant.parse("2026-02-28T23:59:59.123456Z"), 1e-7), Append.priority(-1)));
        ids.add(tasks.append(
                new Errand(Instant.EPOCH, -0.5),
                Append.timeout(Duration.ofSeconds(30)).withDeadline(Instant.parse("9999-01-01T00:00:00Z"))));
        tasks.append(new Work(900, "late"), Append.defaults().withRunAt(Instant.parse("9000-01-01T00:00:00Z")));
        tasks.append(new Work(901, "expired"), Append.defaults().withDeadline(Instant.parse("2001-01-01T00:00:00Z")));
        assertThat(tasks.cancel(tasks.append(new Work(902, "plain")), "changed my mind"))
                .isTrue();
        Event<Task> event =
                tasks.newEvent(new Work(903, "plain"), Append.defaults().withNote("ключ", "значение"));
        assertThat(tasks.appendAbsent(List.of(event))).containsExactly(event.id());
        assertThat(tasks.appendAbsent(List.of(event))).isEmpty();
        assertThatThrownBy(() -> tasks.append(event)).isInstanceOf(ExistsException.class);
        assertThat(tasks.statusCounts())
                .containsEntry(EventStatus.PENDING, 45L)
                .containsEntry(EventStatus.CANCELLED, 1L);
        return ids;
    }

    private void appendInOwnTransaction() throws SQLException {
        try (Connection connection = own.getConnection()) {
            boolean autoCommit = connection.getAutoCommit();
            connection.setAutoCommit(false);
            allowWrites(connection);
            UUID never = tasks.append(connection, new Work(904, "plain"));
            connection.rollback();
            allowWrites(connection);
            UUID kept = tasks.append(connection, new Work(905, "plain"));
            connection.commit();
            connection.setAutoCommit(autoCommit);

            assertThat(tasks.contains(never)).isFalse();
            assertThat(tasks.event(kept).orElseThrow().status()).isEqualTo(EventStatus.PENDING);
        }
    }

    /** Where transactions are read-only by default, the caller's own has to ask. */
    private static void allowWrites(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction read write");
        }
    }

    private void runAndCount(List<UUID> ids) throws InterruptedException {
        tasks.start();
        assertThat(tasks.forward()).isPositive().isLessThanOrEqualTo(50);
        tasks.execute();
        JsonNode answer = tasks.invoke(ids.getFirst());
        assertThat(answer.get("text").textValue()).isEqualTo("äöü \\ ' 😀");
        for (UUID id : ids) {
            assertThat(tasks.await(id, LONG)).isPresent();
        }
        assertThat(tasks.join(LONG)).isTrue();

        assertThat(tasks.statusCounts())
                .containsEntry(EventStatus.PENDING, 1L)
                .containsEntry(EventStatus.PROCESSING, 0L)
                .containsEntry(EventStatus.COMPLETED, 40L)
                .containsEntry(EventStatus.FAILED, 4L)
                .containsEntry(EventStatus.CANCELLED, 1L)
                .containsEntry(EventStatus.SKIPPED, 1L)
                .containsEntry(EventStatus.ABORTED, 0L);
        Event<Task> errand = tasks.event(ids.get(40)).orElseThrow();
        assertThat(errand.payload()).isEqualTo(new Errand(Instant.parse("2026-02-28T23:59:59.123456Z"), 1e-7));
        assertThat(errand.priority()).isEqualTo(-1);
        Event<Task> other = tasks.event(ids.get(41)).orElseThrow();
        assertThat(other.deadline()).isEqualTo(Instant.parse("9999-01-01T00:00:00Z"));
        assertThat(other.timeout()).isEqualTo(Duration.ofSeconds(30));
        Instant finished = other.execution().finishedAt();
        assertThat(finished).isBetween(other.createdAt(), Instant.now().plus(Duration.ofMinutes(5)));
    }

    private void streamAndFollow() throws InterruptedException {
        UUID id = tasks.append(new Work(906, "stream"), Append.defaults().streamed());

        assertThat(tasks.await(id, LONG).orElseThrow().status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(tasks.chunks(id, 2, 10)).extracting(JsonNode::intValue).containsExactly(2, 3, 4);
    }

    private void retryByHand() throws InterruptedException {
        Event<Task> failed = tasks.failedEvents().iterator().next();
        UUID again = tasks.retry(failed.id());

        assertThat(tasks.await(again, LONG).orElseThrow().status()).isEqualTo(EventStatus.FAILED);
        assertThat(tasks.event(again)
                        .orElseThrow()
                        .metadata()
                        .get("original")
                        .get("id")
                        .textValue())
                .isEqualTo(failed.id().toString());
    }

    private void pageThroughAll() {
        for (EventStatus status : EventStatus.all()) {
            List<UUID> paged = new ArrayList<>();
            EventPage<Task> page = tasks.events(status, null, 7);
            page.events().forEach(event -> paged.add(event.id()));
            while (page.next() != null) {
                page = tasks.events(status, page.next(), 7);
                page.events().forEach(event -> paged.add(event.id()));
            }
            List<UUID> all = new ArrayList<>();
            tasks.events(status).forEach(event -> all.add(event.id()));
            assertThat(paged)
                    .isEqualTo(all)
                    .doesNotHaveDuplicates()
                    .hasSize(Math.toIntExact(tasks.statusCounts().get(status)));
        }
    }

    private void snapshotAndRestore() {
        tasks.progressions().add("urgent");
        tasks.progressions()
                .append("urgent", tasks.failedEvents().iterator().next().id());
        Flow snapshot = tasks.snapshot();
        assertThat(snapshot.getProgression("completed").order()).hasSize(41);
        assertThat(snapshot.getProgression("urgent").order()).hasSize(1);
        Executor<Task> copy = millrace.executor("copy", Task.class).build();
        assertThatThrownBy(() -> copy.restore(snapshot)).isInstanceOf(ExistsException.class);
        assertThat(copy.statusCounts().values()).containsOnly(0L);
    }

    private void keepToTheBound() {
        Executor<Work> bounded =
                millrace.executor("bounded", Work.class).maxQueueSize(2).build();
        bounded.append(new Work(1, "plain"));
        bounded.append(new Work(2, "plain"));
        assertThatThrownBy(() -> bounded.append(new Work(3, "plain"))).isInstanceOf(QueueFullException.class);
        assertThat(bounded.statusCounts()).containsEntry(EventStatus.PENDING, 2L);
    }

    private void manyAtOnce() throws InterruptedException {
        tasks.appendAll(Collections.nCopies(2_500, new Work(5_000, "plain")));

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(tasks.statusCounts()).containsEntry(EventStatus.COMPLETED, 2_541L);
    }

    private void cleanUp() {
        assertThat(tasks.cleanupEvents()).isEqualTo(2_541 + 5);
        assertThat(tasks.statusCounts())
                .containsEntry(EventStatus.COMPLETED, 0L)
                .containsEntry(EventStatus.FAILED, 0L)
                .containsEntry(EventStatus.CANCELLED, 1L)
                .containsEntry(EventStatus.SKIPPED, 1L)
                .containsEntry(EventStatus.PENDING, 1L);
        tasks.stop();
    }
}
