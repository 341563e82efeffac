package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Hold;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Claims whose answers come late or never. */
class ForgottenTest extends WithMillrace {
    private static final Duration LEASE = Duration.ofSeconds(1);

    private final AtomicInteger runs = new AtomicInteger();
    private FaultyDataSource faults;
    private Millrace faulty;
    private Executor<Task> tasks;

    ForgottenTest(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void build() {
        faults = new FaultyDataSource(database.newPool(6));
        faulty = opened(Millrace.builder()
                .dataSource(faults)
                .lease(Duration.ofSeconds(5))
                .connect());
        tasks = executor(faulty);
    }

    private Executor<Task> executor(Millrace millrace) {
        return tasks(millrace)
                .handler((task, run) -> {
                    runs.incrementAndGet();
                    return run.attempt();
                })
                .build();
    }

    @Test
    @DisplayName("C3 a claim that was committed unanswered goes back at once, without a death and by the same worker")
    void claim_committedUnanswered_goesBackAndRuns() throws InterruptedException {
        faults.set("claim", Moment.AFTER_COMMIT, 1, Fault.cut());
        UUID id = tasks.append(new Task("a"));
        tasks.execute();
        UUID worker = faulty.workerId();

        Event<Task> event = ended(tasks, id);

        assertThat(event.execution().attempt()).isEqualTo(2);
        assertThat(attempts(id)).isEqualTo(List.of("shutdown"));
        assertThat(faulty.workerId()).isEqualTo(worker);
    }

    @Test
    @DisplayName("C1 a registration whose answer was lost is not said again: who was taken for dead must not come back")
    void registration_committedUnanswered_isMadeAnewUnderAnotherId() throws InterruptedException {
        faults.set("worker_register", Moment.AFTER_COMMIT, 1, Fault.cut());
        UUID id = tasks.append(new Task("a"));
        tasks.execute();

        ended(tasks, id);

        assertThat(faults.allStruck()).isTrue();
        assertThat(faults.executions("worker_register")).isEqualTo(2);
        assertThat(database.longValue("select count(*) from worker where id <> ?", faulty.workerId()))
                .isOne();
    }

    @Test
    void claim_thatTheServerCommitsAfterItsClientGaveUp_goesBackAndRuns() throws InterruptedException {
        faults.set("claim", Moment.BEFORE_COMMIT, 1, Fault.cutAndCommitAfter(Duration.ofMillis(1500)));
        UUID id = tasks.append(new Task("a"));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.execution().attempt()).isEqualTo(2);
        assertThat(runs).hasValue(1);
    }

    @Test
    void invoke_whoseClaimWasCommittedUnanswered_leavesTheEventToOthers() throws InterruptedException {
        faults.set("claim_one", Moment.AFTER_COMMIT, 1, Fault.cut());
        UUID id = tasks.append(new Task("a"));
        assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> tasks.invoke(id)))
                .isNotNull();
        Executor<Task> other = executor(millrace());
        other.execute();

        assertThat(ended(other, id).execution().attempt()).isEqualTo(2);
    }

    @Test
    void claim_whoseAnswerComesAfterTheLeaseIsInDoubt_doesNotRun() throws InterruptedException {
        Millrace late =
                opened(Millrace.builder().dataSource(faults).lease(LEASE).connect());
        Executor<Task> slow = executor(late);
        slow.execute();
        database.await("select exists (select from worker where id = ?)", late.workerId());
        Hold claim = faults.hold("claim", Moment.AFTER_COMMIT);
        UUID id = tasks.append(new Task("a"));
        slow.append(new Task("b"));
        claim.awaitReached();
        faults.freeze();
        claim.release();
        database.query("select pg_sleep(1.2)");

        faults.thaw();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        slow.join(LONG);
        assertThat(runs.get()).isEqualTo(2);
    }

    @Test
    @DisplayName("A suspect that is invoked waits for the one that runs")
    void invoke_ofASuspectWhileAnotherRuns_waits() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger atOnce = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Executor<Task> careful = tasks(millrace())
                .handler((task, run) -> {
                    most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                    running.countDown();
                    end.await();
                    atOnce.decrementAndGet();
                    return null;
                })
                .build();
        List<UUID> ids = append(careful, 2);
        database.execute("update ready set deaths = 1, lane = -lane");
        careful.execute();
        running.await();
        Thread invoking = Thread.ofVirtual().start(() -> {
            for (UUID id : ids) {
                try {
                    careful.invoke(id);
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
        database.query("select pg_sleep(0.3)");
        end.countDown();
        invoking.join();

        assertThat(most).hasValue(1);
        assertThat(count(careful, EventStatus.COMPLETED)).isEqualTo(2);
    }
}
