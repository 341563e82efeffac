package dev.millrace.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.Collections;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** An event that takes the process down each time it runs. */
@PostgresTest
class PoisonTest {
    private static final Duration LEASE = Duration.ofSeconds(1);
    private static final int NEIGHBOURS = 7;
    private static final int DEATHS = 3;

    private final TestDatabase database;

    PoisonTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    @DisplayName("A12, A13 a poison event is aborted after exactly three deaths, and all its neighbours complete")
    void poison_thatHaltsEachWorker_isAbortedAfterThreeDeathsAndItsNeighboursComplete() throws Exception {
        try (Fleet fleet = new Fleet(database);
                Millrace millrace = Millrace.connect(database.newPool(2))) {
            Executor<Job> jobs = millrace.executor(Job.FLOW, Job.class).build();
            WorkerJvm first = fleet.start(1, kind(true)).getFirst();
            fleet.fill(first, NEIGHBOURS, jobs, Job.Kind.PLAIN);
            UUID poison = jobs.append(new Job(Job.Kind.POISON));
            fleet.start(2, kind(false));
            jobs.appendAll(Collections.nCopies(30, new Job(Job.Kind.PLAIN)));
            for (int death = 1; death <= DEATHS; death++) {
                int attempt = death;
                WorkerJvm dead = fleet.await(said -> said.is("started", poison) && said.attempt() == attempt)
                        .by();
                assertThat(dead.exitCode()).isEqualTo(WorkerMain.HALTED);
                fleet.start(1, kind(false)); // as whoever supervises it would
            }

            assertThat(jobs.join(Duration.ofSeconds(60))).isTrue();
            fleet.awaitNothingHeld();

            assertThat(fleet.said(said -> said.is("started", poison))).hasSize(DEATHS);
            Event<Job> aborted = jobs.event(poison).orElseThrow();
            assertThat(aborted.status()).isEqualTo(EventStatus.ABORTED);
            assertThat(aborted.execution().error()).asString().contains("3 workers died");
            assertThat(jobs.statusCounts())
                    .containsEntry(EventStatus.ABORTED, 1L)
                    .containsEntry(EventStatus.COMPLETED, NEIGHBOURS + 30L);
            assertThat(database.longValue("select count(*) from attempt where event = ? and reason = 'lost'", poison))
                    .isEqualTo(DEATHS);
            // An innocent that was beside it once runs alone from then on, and so never beside it again.
            assertThat(database.longValue("select max(times) from (select count(*) as times from attempt"
                            + " where reason = 'lost' and event <> '" + poison + "' group by event) each_event"))
                    .isOne();
        }
    }

    private static WorkerJvm.Kind kind(boolean holds) {
        return new WorkerJvm.Kind(holds, LEASE, Duration.ZERO, NEIGHBOURS + 1);
    }
}
