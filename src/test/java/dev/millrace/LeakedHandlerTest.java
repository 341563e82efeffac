package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Handlers that go on although their events have been ended in their stead. */
class LeakedHandlerTest extends WithMillrace {
    private static final Append SHORT = Append.timeout(Duration.ofMillis(100));

    LeakedHandlerTest(TestDatabase database) {
        super(database);
    }

    private static void ignoringInterrupts(CountDownLatch end) {
        boolean ended = false;
        while (!ended) {
            try {
                end.await();
                ended = true;
            } catch (InterruptedException e) {
                ended = false; // as if nothing had happened
            }
        }
    }

    @Test
    @DisplayName(
            "A15 handlers that ignore interrupts end by the clock, free their slots, and are counted until they end")
    void timeout_ignored_freesTheSlotAndIsCounted() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Executor<Task> tasks = tasks().concurrencyLimit(2)
                .handler((task, run) -> {
                    if (task.name().equals("stubborn")) {
                        ignoringInterrupts(end);
                    }
                    return null;
                })
                .build();
        UUID stubborn = tasks.append(new Task("stubborn"), SHORT);
        tasks.execute();

        assertThat(ended(tasks, stubborn).status()).isEqualTo(EventStatus.CANCELLED);
        for (UUID id : append(tasks, 5)) {
            assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        }
        assertThat(tasks.leakedThreads()).isOne();
        assertThat(tasks.isStuck()).isFalse();

        end.countDown();
        database.await("select true"); // a round trip, so that the handler has had time to end
        awaitLeaked(tasks, 0);
    }

    @Test
    @DisplayName("A15 as many leaked handlers as may run at once stop the claiming, until one ends")
    void timeouts_ignoredByAsManyAsMayRun_stopClaimingUntilOneEnds() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger ran = new AtomicInteger();
        Executor<Task> tasks = tasks().concurrencyLimit(2)
                .handler((task, run) -> {
                    if (task.name().equals("stubborn")) {
                        ignoringInterrupts(end);
                    }
                    ran.incrementAndGet();
                    return null;
                })
                .build();
        List<UUID> stubborn =
                List.of(tasks.append(new Task("stubborn"), SHORT), tasks.append(new Task("stubborn"), SHORT));
        tasks.execute();
        for (UUID id : stubborn) {
            assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.CANCELLED);
        }
        awaitLeaked(tasks, 2);
        assertThat(tasks.isStuck()).isTrue();
        UUID waiting = tasks.append(new Task("waiting"));
        assertThat(tasks.await(waiting, Duration.ofMillis(1500))).isEmpty();
        assertThat(ran).hasValue(0);

        end.countDown();

        assertThat(ended(tasks, waiting).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(tasks.isStuck()).isFalse();
    }

    @Test
    @DisplayName("A16 handlers that heed their interrupts leave nothing behind")
    void timeouts_heeded_leaveNothing() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    new CountDownLatch(1).await();
                    return null;
                })
                .build();
        for (int i = 0; i < 200; i++) {
            tasks.append(new Task("patient"), Append.timeout(Duration.ofMillis(20)));
        }
        tasks.execute();
        assertThat(tasks.join(LONG)).isTrue();

        assertThat(count(tasks, EventStatus.CANCELLED)).isEqualTo(200);
        awaitLeaked(tasks, 0);
    }

    /** No signal tells of it; it takes no time as a rule. */
    private void awaitLeaked(Executor<Task> tasks, int number) {
        for (int i = 0; i < 1000 && tasks.leakedThreads() != number; i++) {
            database.query("select pg_sleep(0.01)");
        }
        assertThat(tasks.leakedThreads()).isEqualTo(number);
    }
}
