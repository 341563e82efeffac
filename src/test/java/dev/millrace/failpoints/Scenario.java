package dev.millrace.failpoints;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One blow at one failpoint: what is there before, the victim, and the other process that has its own lease and finishes what
 * the victim does not. Judges by the tables, by the torture's audit and by what the processes noted. Used once.
 */
final class Scenario {
    /** A starting JVM takes a core for a second. */
    private static final Semaphore STARTING = new Semaphore(3);

    private static final int HALTED = 137;
    private static final List<String> INVARIANTS = List.of(
            "i01_kept",
            "i02_no_phantom",
            "i03_ends",
            "i04_final",
            "i05_settled_once",
            "i06_one_table",
            "i07_counts",
            "i08_ran",
            "i09_refused",
            "i10_leases",
            "i11_attempts",
            "i14_not_early",
            "i15_no_orphan",
            "i16_legal_moves",
            "i18_as_audited",
            "i20_bounded_loss",
            "r1_grace",
            "r3_suspects_alone",
            "r4_aborted_after_deaths");
    private static final String ALL_ENDED =
            "select not exists (select from event e where not exists (select from outcome o where o.id = e.id))";

    private final Failpoint point;
    private final Blow blow;
    private final Sandbox sandbox;

    Scenario(Failpoint point, Blow blow, Sandbox sandbox) {
        this.point = point;
        this.blow = blow;
        this.sandbox = sandbox;
    }

    void play() throws Exception {
        sandbox.empty();
        try (Worker helper = new Worker(
                point.script(),
                sandbox,
                Worker.Interjection.NONE,
                builder -> builder.jdbcUrl(sandbox.url()).poolSize(3))) {
            prepare(helper);
            switch (blow) {
                case HALT -> halt(helper);
                case STALL -> stall(helper);
                case CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT -> cut(helper);
            }
        }
        // A goodbye that takes its time on a busy machine is not waited for by close, and is said all the same.
        awaitWorkers(0);
        judge();
    }

    private void prepare(Worker helper) throws SQLException {
        if (point.script().appends()) {
            return;
        }
        helper.append();
        switch (point.script()) {
            case SUSPECT -> sandbox.makeSuspect();
            case RESCUE, RESCUE_AND_ABORT -> sandbox.leaveToCorpse();
            default -> {}
        }
    }

    private void halt(Worker helper) throws Exception {
        STARTING.acquire();
        try {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-XX:+UseSerialGC",
                            "-Xmx64m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Victim.class.getName(),
                            point.name(),
                            sandbox.url(),
                            sandbox.subject().toString(),
                            sandbox.neighbour().toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as("exit code; it said: %s", said).isEqualTo(HALTED);
        } finally {
            STARTING.release();
        }
        helper.executor().execute();
        sandbox.await(ALL_ENDED);
        awaitWorkers(1);
    }

    private void stall(Worker helper) throws Exception {
        try (Victim victim = new Victim(point, blow, sandbox)) {
            CompletableFuture<Void> run = start(victim);
            victim.awaitStalled();
            helper.executor().execute();
            sandbox.await(ALL_ENDED);
            awaitWorkers(1);
            victim.thaw();
            awaitEnd(run);
            if (point.script().goesOn()) {
                awaitWorkers(2);
            }
            if (expected().stream().allMatch(outcome -> outcome.contains("late"))) {
                sandbox.await("select exists (select from attempt where late_at is not null)");
            }
            sandbox.await(ALL_ENDED);
        }
        awaitWorkers(1);
    }

    private void cut(Worker helper) throws Exception {
        try (Victim victim = new Victim(point, blow, sandbox)) {
            CompletableFuture<Void> run = start(victim);
            awaitEnd(run);
            if (point.script().goesOn()) {
                sandbox.await(ALL_ENDED);
            }
            victim.awaitStruck();
        }
        helper.executor().execute();
        sandbox.await(ALL_ENDED);
        awaitWorkers(1);
    }

    private static CompletableFuture<Void> start(Victim victim) {
        CompletableFuture<Void> run = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                victim.run();
                run.complete(null);
            } catch (Throwable e) {
                run.completeExceptionally(e);
            }
        });
        return run;
    }

    private static void awaitEnd(CompletableFuture<Void> run)
            throws InterruptedException, ExecutionException, TimeoutException {
        run.get(60, TimeUnit.SECONDS);
    }

    /** Until so many are registered: those that are dead have been noticed, and those that were taken for dead are back. */
    private void awaitWorkers(int number) throws SQLException, InterruptedException {
        sandbox.await("select count(*) = " + number + " from worker");
    }

    private void judge() throws SQLException, IOException {
        assertThat(sandbox.violations(INVARIANTS, Worker.maxCrashes(point.script())))
                .isEmpty();
        assertThat(sandbox.outcome(sandbox.subject())).isIn(expected());
        assertThat(sandbox.outcome(sandbox.neighbour())).matches(neighbour());
        if (point.script() == Script.TRANSACTION) {
            assertThat(sandbox.effects(sandbox.subject())).isEqualTo("1");
            assertThat(sandbox.effects(sandbox.neighbour())).isEqualTo("1");
        }
    }

    private List<String> expected() {
        return List.of(point.outcome(blow).split(" or "));
    }

    /**
     * The neighbour must be done, too. It may have been held by the process when that died or stood still, and then has a
     * death of its own; where a claim is cut, it may have been in it, and went back.
     */
    private String neighbour() {
        if (point.script().appends()) {
            boolean alone = point == Failpoint.APPEND_ANSWERED && blow == Blow.HALT;
            boolean none = point.outcome(blow).equals("not stored") || alone;
            return none ? "not stored" : "1 run";
        }
        return switch (blow) {
            case HALT, STALL -> "1 run|lost( \\(late\\))?, [12] runs?";
            case CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT -> "(shutdown, )?1 run";
        };
    }
}
