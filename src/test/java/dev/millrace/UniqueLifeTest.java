package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.event.OnConflict;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Handler;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who has a key while workers, times and deadlines move its event on. */
class UniqueLifeTest extends WithUniqueKeys {
    private static final UniqueScope PENDING = UniqueScope.whilePending();
    private static final UniqueScope SETTLED = UniqueScope.untilSettled();

    UniqueLifeTest(TestDatabase database) {
        super(database);
    }

    static Stream<Arguments> goingBack() {
        return Stream.of(PENDING, SETTLED)
                .flatMap(scope -> Stream.<Map.Entry<String, Handler<Task>>>of(
                                Map.entry("retryIn", (task, run) -> {
                                    throw run.retryIn(HOUR);
                                }),
                                Map.entry("snooze", (task, run) -> {
                                    throw run.snooze(HOUR);
                                }),
                                Map.entry("retry", (task, run) -> {
                                    throw new IllegalStateException("again");
                                }))
                        .map(way -> Arguments.of(scope, way.getKey(), way.getValue())));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("goingBack")
    void handler_thatPutsItsEventOff_leavesItsKeyToItUnlessItWasTaken(
            UniqueScope scope, String way, Handler<Task> handler) throws InterruptedException {
        Executor<Task> worker = tasks().retry(RetryPolicy.fixed(HOUR, 5))
                .handler((task, run) -> {
                    if (task.name().equals("taken")) {
                        tasks.append(
                                new Task("new"),
                                Append.uniqueKey("taken", scope).withRunAt(far()));
                    }
                    return handler.handle(task, run);
                })
                .build();
        UUID kept = worker.append(new Task("kept"), Append.uniqueKey("kept", scope));
        UUID taken = worker.append(new Task("taken"), Append.uniqueKey("taken", scope));
        worker.start();
        worker.forward();
        assertThat(List.of(status(kept), status(taken)))
                .as(way)
                .containsExactly(EventStatus.PENDING, EventStatus.PENDING);

        assertThat(tasks.append(new Task("2"), Append.uniqueKey("kept", scope))).isEqualTo(kept);
        UUID holder = tasks.append(new Task("2"), Append.uniqueKey("taken", scope));
        if (scope.equals(SETTLED)) {
            assertThat(holder).isEqualTo(taken);
        } else {
            assertThat(event(tasks, holder).payload().name()).isEqualTo("new");
        }
    }

    private static Instant far() {
        return Instant.now().plus(HOUR);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void denial_keepsTheKeyAndTheThirdFreesIt(boolean whilePending) throws InterruptedException {
        Append options = Append.uniqueKey("k", whilePending ? PENDING : SETTLED);
        Executor<Task> worker = tasks().denialBackOff(Duration.ZERO)
                .permission(event -> Permission.denied("no"))
                .handler((task, run) -> null)
                .build();
        UUID id = worker.append(new Task("1"), options);
        worker.start();
        for (int denial = 1; denial <= 2; denial++) {
            worker.forward();
            assertThat(tasks.append(new Task("2"), options)).isEqualTo(id);
        }
        worker.forward();

        assertThat(status(id)).isEqualTo(EventStatus.ABORTED);
        assertThat(tasks.append(new Task("3"), options)).isNotEqualTo(id);
    }

    @Test
    void endings_ofEveryKind_freeTheKeyAtOnce() throws InterruptedException {
        Executor<Task> worker = tasks().handler((task, run) -> switch (task.name()) {
                    case "fail" -> throw run.fail("for good");
                    case "skip" -> throw run.skip("not needed");
                    case "cancel" -> throw run.cancel("not wanted");
                    case "throw" -> throw new IllegalStateException("no policy");
                    default -> null;
                })
                .build();
        List<String> ways = List.of("fail", "skip", "cancel", "throw", "complete");
        List<UUID> ids = worker.appendAll(ways.stream().map(Task::new).toList(), task -> Append.uniqueKey(task.name()));
        worker.start();
        worker.forward();

        for (int i = 0; i < ways.size(); i++) {
            assertThat(status(ids.get(i)).isTerminal()).as(ways.get(i)).isTrue();
            assertThat(tasks.append(new Task("2"), Append.uniqueKey(ways.get(i))))
                    .as(ways.get(i))
                    .isNotIn(ids);
        }
    }

    @Test
    void deadlineThatHasPassed_freesTheKey() throws InterruptedException {
        Append options = Append.uniqueKey("k");
        UUID id = tasks.append(new Task("1"), options.withDeadline(Instant.now().plusMillis(100)));
        assertThat(database.longValue("select count(*) from expiry")).isEqualTo(1);
        Executor<Task> elsewhere = another()
                .executor("elsewhere", Task.class)
                .handler((task, run) -> null)
                .build();
        elsewhere.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(tasks.append(new Task("2"), options)).isNotEqualTo(id);
    }

    @Test
    void replace_ofAnEventWithADeadline_hasItsOwnOrNone() {
        Instant deadline = Instant.parse("2100-01-01T00:00:00Z");
        Append replacing = Append.uniqueKey("k").onConflict(OnConflict.REPLACE_PENDING);
        tasks.append(new Task("1"), replacing.withDeadline(deadline));
        UUID second = tasks.append(new Task("2"), replacing);
        assertThat(event(tasks, second).deadline()).isNull();

        UUID third = tasks.append(new Task("3"), replacing.withDeadline(deadline));
        assertThat(event(tasks, third).deadline()).isEqualTo(deadline);
        assertThat(database.list(UUID.class, "select event from expiry e join ready r on r.id = e.event"))
                .containsExactly(third);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L, EventStatus.SKIPPED, 2L));
    }

    @Test
    void scheduledEvent_promotedAndClaimed_holdsItsKeyAllTheWay() throws InterruptedException {
        Executor<Task> worker = tasks().pollInterval(Duration.ofMillis(20))
                .handler((task, run) ->
                        tasks.append(new Task("2"), Append.uniqueKey("k")).toString())
                .build();
        UUID id = worker.append(
                new Task("1"), Append.uniqueKey("k").withRunAt(Instant.now().plusMillis(300)));
        worker.execute();

        assertThat(ended(worker, id).execution().response()).hasToString('"' + id.toString() + '"');
        assertThat(stored()).isEqualTo(1);
    }
}
