package dev.millrace.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A worker that does not end in time when it is asked to, and is killed: as a deploy does with a long job. */
@PostgresTest
class StoppedAndKilledTest {
    private static final Duration LEASE = Duration.ofSeconds(1);
    private static final WorkerJvm.Kind HOLDS = new WorkerJvm.Kind(true, LEASE, Duration.ofMinutes(10), 2);
    private static final WorkerJvm.Kind WORKS = new WorkerJvm.Kind(false, LEASE, Duration.ofSeconds(1), 2);

    private final TestDatabase database;

    StoppedAndKilledTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    @DisplayName("12.20 SIGKILL after SIGTERM charges no death, however often; SIGKILL alone does")
    void kill_afterTerm_chargesNoDeath() throws Exception {
        try (Fleet fleet = new Fleet(database);
                Millrace millrace = Millrace.connect(database.newPool(2))) {
            Executor<Job> jobs = millrace.executor(Job.FLOW, Job.class).build();
            UUID job = jobs.append(new Job(Job.Kind.DEAF), Append.maxCrashes(1));
            for (int deploy = 1; deploy <= 2; deploy++) {
                int attempt = deploy;
                WorkerJvm worker = fleet.start(1, HOLDS).getFirst();
                fleet.await(said -> said.is("started", job) && said.attempt() == attempt);
                worker.signal("TERM");
                database.await(
                        "select exists (select from worker_status where pid = ? and stopping_at is not null)",
                        worker.pid());
                worker.kill();
                assertThat(worker.exitCode()).isNotZero();
            }
            WorkerJvm last = fleet.start(1, HOLDS).getFirst();
            fleet.await(said -> said.is("started", job) && said.attempt() == 3);
            assertThat(database.longValue("select deaths from running where id = ?", job))
                    .isZero();
            last.kill();
            fleet.start(1, WORKS);

            assertThat(jobs.await(job, Duration.ofSeconds(60)).orElseThrow().status())
                    .isEqualTo(EventStatus.ABORTED);
            assertThat(jobs.attempts(job)).extracting(EventAttempt::result).containsOnly(Result.LOST);
            assertThat(jobs.attempts(job)).hasSize(3);
            assertThat(jobs.event(job).orElseThrow().execution().error())
                    .asString()
                    .contains("1 workers died");
        }
    }
}
