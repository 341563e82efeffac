package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.faults.FaultyNetwork;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The connection that hears wake-ups is lost, or goes silent: the worker polls, and hears again by itself. */
@NotPooled("about notifications, which need a session")
class ListenerTest extends WithMillrace {
    private static final String LISTENERS =
            "from pg_stat_activity where datname = current_database() and query like '-- listen:%'";

    private final Semaphore ran = new Semaphore(0);

    ListenerTest(TestDatabase database) {
        super(database);
    }

    private void execute(Millrace millrace) {
        tasks(millrace)
                .handler((task, run) -> {
                    ran.release();
                    return null;
                })
                .build()
                .execute();
        database.await("select count(*) = 2 from sleeper");
    }

    private void awaitRun() throws InterruptedException {
        assertThat(ran.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void listener_whoseSessionEnds_hearsAgainAndTheWorkerDeclaresItselfAnew() throws InterruptedException {
        execute(millrace());
        Executor<Task> appender = tasks(another()).build();
        long process = database.longValue("select pid " + LISTENERS);
        String declared = database.text("select max(since)::text from sleeper");

        database.execute("select pg_terminate_backend(?)", (int) process);
        append(appender, 1);
        awaitRun();

        database.await("select exists (select " + LISTENERS + " and pid <> ?)", (int) process);
        database.await("select count(*) = 2 from sleeper where since > ?::timestamptz", declared);
        append(appender, 1);
        awaitRun();
    }

    @Test
    void listener_whoseConnectionSwallowsEverything_isGivenUpAndReplaced() throws Exception {
        try (FaultyNetwork network = FaultyNetwork.before(database);
                Millrace millrace = Millrace.builder()
                        .jdbcUrl(network.through(database))
                        .lease(Duration.ofSeconds(1)) // the least: five seconds for an answer
                        .shutdownGrace(Duration.ZERO)
                        .connect()) {
            execute(millrace);
            String declared = database.text("select max(since)::text from sleeper");
            Executor<Task> appender = tasks().build();

            network.swallow(); // the connections that there are
            append(appender, 1);
            awaitRun();

            database.await(
                    "select pg_sleep(0.05) is not null and exists (select from sleeper where since > ?::timestamptz)",
                    declared);
            append(appender, 1);
            awaitRun();
            network.cut();
        }
    }

    @Test
    void listener_whileTheServerCannotBeReached_pollsAndComesBack() throws Exception {
        try (FaultyNetwork network = FaultyNetwork.before(database);
                Millrace millrace = Millrace.builder()
                        .jdbcUrl(network.through(database))
                        .shutdownGrace(Duration.ZERO)
                        .connect()) {
            execute(millrace);
            String declared = database.text("select max(since)::text from sleeper");

            for (int i = 0; i < 5; i++) {
                network.cut();
                database.query("select pg_sleep(0.1)");
            }

            database.await("select count(*) = 2 from sleeper where since > ?::timestamptz", declared);
            append(tasks().build(), 1);
            awaitRun();
        }
    }
}
