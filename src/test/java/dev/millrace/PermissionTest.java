package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.PermissionCheck;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Granted, denied, wait: what becomes of an event by the answer to its request. */
class PermissionTest extends WithMillrace {
    private static final PermissionCheck<Object> NEVER = event -> Permission.denied("never");

    PermissionTest(TestDatabase database) {
        super(database);
    }

    /** Denies each event so many times, then grants it. */
    private static PermissionCheck<Task> deniedTimes(int denials) {
        Map<UUID, AtomicInteger> asked = new ConcurrentHashMap<>();
        return event -> Permission.of(
                asked.computeIfAbsent(event.id(), id -> new AtomicInteger()).incrementAndGet() > denials);
    }

    private static PermissionCheck<Task> onlyNot(String denied) {
        return event -> Permission.of(!event.payload().name().equals(denied));
    }

    private double priorityOf(UUID id) {
        return (double) database.query("select priority from ready where id = ?", id)
                .getFirst()
                .getFirst();
    }

    @Test
    @DisplayName("R-060 the first denials shift the priority by 1 and by 2, the third one aborts: 100, 101, 103")
    void forward_alwaysDenied_shiftsThenAborts() throws InterruptedException {
        Executor<Task> tasks = tasks().denialBackOff(Duration.ZERO)
                .permission(NEVER)
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("x"), Append.priority(100));
        tasks.start();

        assertThat(tasks.forward()).isZero();
        assertThat(priorityOf(id)).isEqualTo(101);
        assertThat(tasks.forward()).isZero();
        assertThat(priorityOf(id)).isEqualTo(103);
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PENDING);
        assertThat(tasks.forward()).isZero();

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.ABORTED, 1L));
        assertThat(attempts(id)).containsExactly("denied", "denied");
    }

    @Test
    @DisplayName(
            "R-035 aborted is one truth: status, counts, progression and error agree, and nothing runs it any more")
    void aborted_everywhere_isAborted() throws InterruptedException {
        AtomicBoolean ran = new AtomicBoolean();
        Executor<Task> tasks = tasks().denialBackOff(Duration.ZERO)
                .permission(NEVER)
                .handler((task, run) -> {
                    ran.set(true);
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();
        for (int batch = 0; batch < 3; batch++) {
            tasks.forward();
        }

        Event<Task> event = ended(tasks, id);
        assertThat(event.status()).isEqualTo(EventStatus.ABORTED);
        assertThat(errorName(event)).isEqualTo("PermissionDeniedError");
        assertThat(errorMessage(event)).isEqualTo("Event aborted after 3 permission denials");
        assertThat(event.execution().retryable()).isFalse();
        assertThat(event.execution().response()).isNull();
        assertThat(event.execution().duration()).isNull();
        assertThat(tasks.events(EventStatus.ABORTED)).containsExactly(event);
        assertThat(tasks.pendingEvents()).isEmpty();
        assertThat(database.text("select status from event_status where id = ?", id))
                .isEqualTo("aborted");
        assertThat(tasks.invoke(id)).isNull();
        assertThat(ran).isFalse();
    }

    @Test
    @DisplayName("R-060 n events that are always denied need three batches, however many they are (list I.9)")
    void forward_sixDenied_needThreeBatches() throws InterruptedException {
        Executor<Task> tasks = tasks().denialBackOff(Duration.ZERO)
                .permission(NEVER)
                .handler((task, run) -> null)
                .build();
        append(tasks, 6);
        tasks.start();

        tasks.forward();
        tasks.forward();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 6L));
        tasks.forward();

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.ABORTED, 6L));
    }

    @Test
    @DisplayName("R-052 one denial does not end the batch for the others (list I.9), and takes no capacity (R-057)")
    void forward_oneDenied_othersRunUpToCapacity() throws InterruptedException {
        Executor<Task> tasks = tasks().queueCapacity(3)
                .denialBackOff(Duration.ZERO)
                .permission(onlyNot("0"))
                .handler((task, run) -> null)
                .build();
        append(tasks, 5);
        tasks.start();

        int started = tasks.forward();

        assertThat(started).isEqualTo(3);
        assertThat(names(tasks, EventStatus.COMPLETED)).containsExactlyInAnyOrder("1", "2", "3");
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("4", "0");
    }

    @Test
    @DisplayName(
            "R-062 the shift lets others overtake: of a=1.0 (denied), b=1.5 and c=2.5, a comes after b, then after c")
    void denied_shift_letsOthersOvertake() throws InterruptedException {
        Executor<Task> tasks = tasks().denialBackOff(Duration.ZERO)
                .permission(NEVER)
                .maxDenials(4)
                .handler((task, run) -> null)
                .build();
        Executor<Task> others = another()
                .executor("tasks", Task.class)
                .denialBackOff(Duration.ZERO)
                .permission(onlyNot("a"))
                .handler((task, run) -> null)
                .build();
        UUID a = tasks.append(new Task("a"), Append.priority(1.0));
        tasks.start();
        tasks.forward();
        others.append(new Task("b"), Append.priority(1.5));
        others.append(new Task("c"), Append.priority(2.5));

        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("b", "a", "c");
        assertThat(priorityOf(a)).isEqualTo(2.0);

        others.start();
        others.forward();
        assertThat(names(others, EventStatus.COMPLETED)).containsExactlyInAnyOrder("b", "c");
        assertThat(priorityOf(a)).isEqualTo(4.0);
    }

    @Test
    @DisplayName(
            "R-052 a batch ends when it has refused 10,000, so that refusing a long queue does not fill the memory")
    void forward_tenThousandDenied_endsTheBatch() throws InterruptedException {
        Executor<Task> tasks = tasks().queueCapacity(10_000)
                .concurrencyLimit(10_000)
                .denialBackOff(Duration.ZERO)
                .permission(NEVER)
                .handler((task, run) -> null)
                .build();
        append(tasks, 10_050);
        tasks.start();

        tasks.forward();

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 10_050L));
        assertThat(database.query("select attempt, count(*) from ready group by attempt order by attempt"))
                .containsExactly(List.of(0, 50L), List.of(1, 10_000L));
    }

    @Test
    @DisplayName("R-063 a grant clears the count: denied twice, granted, and it completes")
    void forward_deniedTwiceThenGranted_completes() throws InterruptedException {
        Executor<Task> tasks = tasks().denialBackOff(Duration.ZERO)
                .permission(deniedTimes(2))
                .handler((task, run) -> task.name())
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();

        tasks.forward();
        tasks.forward();
        int started = tasks.forward();

        assertThat(started).isEqualTo(1);
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event(tasks, id).execution().attempt()).isEqualTo(3);
    }

    @Test
    @DisplayName("R-063 an event that was granted and came back starts its denials afresh")
    void granted_thenGivenBack_hasNoDenials() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        Millrace stopping = opened(Millrace.builder()
                .dataSource(database.newPool(4))
                .shutdownGrace(Duration.ZERO)
                .connect());
        Executor<Task> tasks = tasks(stopping)
                .denialBackOff(Duration.ZERO)
                .permission(deniedTimes(2))
                .handler((task, run) -> {
                    started.countDown();
                    return new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS);
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        assertThat(started.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();

        stopping.close();

        assertThat(database.longValue("select denials from ready where id = ?", id))
                .isZero();
        assertThat(attempts(id)).containsExactly("denied", "denied", "shutdown");
    }

    @Test
    @DisplayName("R-064 denials are counted in the row: they survive the worker, and any number can be counted at once")
    void denials_anotherWorker_countsOn() throws InterruptedException {
        Millrace gone = another();
        Executor<Task> before = tasks(gone)
                .denialBackOff(Duration.ZERO)
                .permission(NEVER)
                .queueCapacity(10_000)
                .handler((task, run) -> null)
                .build();
        append(before, 300);
        before.start();
        before.forward();
        before.forward();
        gone.close();
        Executor<Task> after = tasks().denialBackOff(Duration.ZERO)
                .permission(NEVER)
                .handler((task, run) -> null)
                .build();
        after.start();

        after.forward();

        assertThat(counts(after)).isEqualTo(Map.of(EventStatus.ABORTED, 300L));
    }

    @Test
    @DisplayName("R-061 the number of denials that abort can be set: with 1 the first one does")
    void maxDenials_one_abortsAtOnce() throws InterruptedException {
        Executor<Task> tasks = tasks().permission(NEVER)
                .maxDenials(1)
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();

        tasks.forward();

        assertThat(errorMessage(ended(tasks, id))).isEqualTo("Event aborted after 1 permission denials");
    }

    @Test
    @DisplayName("R-061 wait is no strike: the event comes back after its delay, as often as it takes")
    void wait_manyTimes_neverAborts() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        Executor<Task> tasks = tasks().permission(event ->
                        asked.incrementAndGet() < 8 ? Permission.waitFor(Duration.ofMillis(1)) : Permission.granted())
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("x"), Append.priority(5));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(attempts(id)).hasSize(7).containsOnly("wait");
        assertThat(event.execution().attempt()).isEqualTo(8);
    }

    @Test
    @DisplayName("R-061 a denial with a delay is a strike that comes back only then")
    void denied_withDelay_isScheduled() throws InterruptedException {
        Executor<Task> tasks = tasks().permission(event -> Permission.denied("later", Duration.ofHours(1)))
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("x"), Append.priority(5));
        tasks.start();

        tasks.forward();
        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PENDING);
        assertThat(database.query("select denials, priority from scheduled where id = ?", id))
                .containsExactly(List.of(1, 6.0));
    }

    @Test
    @DisplayName("R-061 a delay of any length is kept as far as the database can, and loses no event")
    void wait_absurdlyLong_isPending() throws InterruptedException {
        Executor<Task> tasks = tasks().permission(event -> Permission.waitFor(Duration.ofSeconds(Long.MAX_VALUE)))
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();

        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PENDING);
        assertThat(tasks.cancel(id, "enough")).isTrue();
    }

    @Test
    @DisplayName("R-006 a check sees the event it is asked about: type, payload, terms and metadata")
    void request_seesTheEvent() throws InterruptedException {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        Executor<Task> tasks = tasks().permission(event -> {
                    seen.add(event.type() + " " + event.payload().name() + " " + event.priority() + " "
                            + event.metadata().path("tenant").asText());
                    return Permission.granted();
                })
                .handler((task, run) -> null)
                .build();
        tasks.append(new Task("x"), Append.priority(2.5).withNote("tenant", "acme"));
        tasks.start();

        tasks.forward();

        assertThat(seen).containsExactly("task x 2.5 acme");
    }
}
