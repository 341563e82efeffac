package dev.millrace.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.crash.Fleet.Said;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How soon the events of a worker that was killed run elsewhere. */
@PostgresTest
class KilledWorkerTest {
    private static final Duration LEASE = Duration.ofMillis(1_500);
    private static final Duration PROMISE = LEASE.plusSeconds(1);
    private static final int ROUNDS = 4;
    private static final int VICTIMS = 5;
    private static final int HELD = 4;

    private final TestDatabase database;

    KilledWorkerTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    @DisplayName("A1 the events of a killed worker run elsewhere within its lease and a second")
    void kill_whileEventsRun_theyRunElsewhereWithinALeaseAndASecond() throws Exception {
        List<Long> first = new ArrayList<>();
        List<Long> last = new ArrayList<>();
        try (Fleet fleet = new Fleet(database);
                Millrace millrace = Millrace.connect(database.newPool(2))) {
            Executor<Job> jobs = millrace.executor(Job.FLOW, Job.class).build();
            fleet.start(2, new WorkerJvm.Kind(false, LEASE, Duration.ZERO, HELD));
            for (int round = 0; round < ROUNDS; round++) {
                List<WorkerJvm> victims = fleet.start(VICTIMS, new WorkerJvm.Kind(true, LEASE, Duration.ZERO, HELD));
                for (WorkerJvm victim : victims) {
                    fleet.fill(victim, HELD, jobs, Job.Kind.PLAIN);
                }
                Map<WorkerJvm, Long> killed = new LinkedHashMap<>();
                for (WorkerJvm victim : victims) {
                    killed.put(victim, System.nanoTime());
                    victim.kill();
                }
                for (WorkerJvm victim : victims) {
                    List<Long> times = new ArrayList<>();
                    for (Said lost : fleet.said(said -> said.by() == victim)) {
                        Said again = fleet.await(
                                said -> said.is("started", lost.event()) && said.attempt() > lost.attempt());
                        times.add(millis(again.nanos() - killed.get(victim)));
                    }
                    first.add(Collections.min(times));
                    last.add(Collections.max(times));
                }
            }
            assertThat(jobs.join(Duration.ofSeconds(60))).isTrue();
            fleet.awaitNothingHeld();
        }
        System.out.println("SIGKILL until the first event runs elsewhere, " + Fleet.distribution(first.stream()));
        System.out.println("SIGKILL until all its events have run elsewhere, " + Fleet.distribution(last.stream()));
        System.out.println(
                "promised are " + PROMISE.toMillis() + " ms; the median is " + Fleet.percentile(last, 50) + " ms");
    }

    private static long millis(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(nanos);
    }
}
