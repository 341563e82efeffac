package dev.millrace.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a worker that is asked to end gives back, and how soon. */
@PostgresTest
class TerminatedWorkerTest {
    private static final Duration GRACE = Duration.ofMillis(300);
    private static final WorkerJvm.Kind HOLDS = new WorkerJvm.Kind(true, Duration.ofSeconds(15), GRACE, 4);
    private static final WorkerJvm.Kind WORKS = new WorkerJvm.Kind(false, Duration.ofSeconds(15), GRACE, 4);
    private static final int WORKERS = 5;

    private final TestDatabase database;

    TerminatedWorkerTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    @DisplayName(
            "A17 SIGTERM gives back what still runs after the grace within 500 ms, charges no death, and exits with 0")
    void terminate_whileEventsRun_givesThemBackRightAfterTheGrace() throws Exception {
        List<Long> times = new ArrayList<>();
        try (Fleet fleet = new Fleet(database);
                Millrace millrace = Millrace.connect(database.newPool(2))) {
            Executor<Job> jobs = millrace.executor(Job.FLOW, Job.class).build();
            List<WorkerJvm> workers = fleet.start(WORKERS, HOLDS);
            for (WorkerJvm worker : workers) {
                fleet.fill(worker, HOLDS.concurrency(), jobs, Job.Kind.PLAIN);
            }
            for (WorkerJvm worker : workers) {
                UUID id = database.list(UUID.class, "select id from worker where pid = ?", worker.pid())
                        .getFirst();
                long begin = System.nanoTime();
                worker.signal("TERM");
                database.await("select not exists (select from running where worker = ?)", id);
                times.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin - GRACE.toNanos()));
                assertThat(worker.exitCode()).isZero();
                assertThat(database.longValue("select count(*) from worker where id = ?", id))
                        .isZero();
            }
            int held = WORKERS * HOLDS.concurrency();
            assertThat(database.query("select count(*), max(deaths), max(failures) from ready"))
                    .isEqualTo(List.of(List.of((long) held, 0, 0)));
            assertThat(database.query("select reason, count(*) from attempt group by reason"))
                    .isEqualTo(List.of(List.of("shutdown", (long) held)));

            fleet.start(1, WORKS);
            assertThat(jobs.join(Duration.ofSeconds(60))).isTrue();
            fleet.awaitNothingHeld();
        }
        System.out.println("SIGTERM until given back, after the grace, " + Fleet.distribution(times.stream()));
        assertThat(times)
                .allSatisfy(time -> assertThat(time).isGreaterThanOrEqualTo(-5L)); // not before the grace is over
    }
}
