package dev.millrace.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.crash.Fleet.Said;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A worker that stands still for longer than its lease, and then goes on as if nothing had been. */
@PostgresTest
class StalledWorkerTest {
    private static final Duration LEASE = Duration.ofSeconds(1);
    private static final WorkerJvm.Kind HOLDS = new WorkerJvm.Kind(true, LEASE, Duration.ZERO, 2);
    private static final WorkerJvm.Kind WORKS = new WorkerJvm.Kind(false, LEASE, Duration.ZERO, 2);

    private final TestDatabase database;

    StalledWorkerTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    @DisplayName("A7, A9, A11 a stalled worker's late answer is refused, kept as such, and the worker comes back anew")
    void goOn_afterTheLease_isRefusedAndKeptAsLate() throws Exception {
        try (Fleet fleet = new Fleet(database);
                Millrace millrace = Millrace.connect(database.newPool(2))) {
            Executor<Job> jobs = millrace.executor(Job.FLOW, Job.class).build();
            fleet.start(1, WORKS);
            WorkerJvm zombie = fleet.start(1, HOLDS).getFirst();
            UUID formerly = idOf(zombie);
            List<Said> held = fleet.fill(zombie, HOLDS.concurrency(), jobs, Job.Kind.DEAF);
            zombie.signal("STOP");
            for (Said lost : held) {
                fleet.await(said -> said.is("started", lost.event()) && said.attempt() == 2);
                assertThat(jobs.await(lost.event(), Duration.ofSeconds(60))).isPresent();
            }

            zombie.go(); // its handlers return as soon as it goes on
            long begin = System.nanoTime();
            zombie.signal("CONT");
            long told = 0;
            for (Said lost : held) {
                told = Math.max(
                        told, fleet.await(said -> said.is("late", lost.event())).nanos() - begin);
            }

            System.out.printf(
                    "SIGCONT until the worker knows that it came late, %d ms%n", TimeUnit.NANOSECONDS.toMillis(told));
            for (Said lost : held) {
                Event<Job> event = jobs.event(lost.event()).orElseThrow();
                assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
                assertThat(event.execution().attempt()).isEqualTo(2);
                assertThat(event.execution().response()).hasToString("2");
                database.await(
                        "select late_at is not null from attempt where event = ? and worker = ?",
                        lost.event(),
                        formerly);
            }
            database.await("select exists (select from worker where pid = ? and id <> ?)", zombie.pid(), formerly);
            fleet.fill(zombie, held.size() + 1, jobs, Job.Kind.DEAF); // it works again
            assertThat(jobs.join(Duration.ofSeconds(60))).isTrue();
            fleet.awaitNothingHeld();
            assertThat(database.longValue("select count(*) from outcome where attempt > 2"))
                    .isZero();
        }
    }

    private UUID idOf(WorkerJvm worker) {
        return database.list(UUID.class, "select id from worker where pid = ?", worker.pid())
                .getFirst();
    }
}
