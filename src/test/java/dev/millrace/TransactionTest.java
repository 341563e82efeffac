package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.LateResult;
import dev.millrace.event.LeaseLostException;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import dev.millrace.work.Run;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A handler's own writes and the settlement of its event, together or not at all. */
class TransactionTest extends WithMillrace {
    private final BlockingQueue<LateResult> late = new LinkedBlockingQueue<>();
    private FaultyDataSource faults;
    private Millrace faulty;

    TransactionTest(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void prepare() {
        database.execute("create table if not exists public.effect (event uuid, attempt integer)");
        database.execute("truncate public.effect");
        faults = new FaultyDataSource(database.newPool(6));
        faulty = opened(Millrace.builder()
                .dataSource(faults)
                .shutdownGrace(Duration.ZERO)
                .onLateResult(late::add)
                .connect());
    }

    private static String write(Run<Task> run, Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into public.effect values (?, ?)")) {
            insert.setObject(1, run.id());
            insert.setInt(2, run.attempt());
            insert.executeUpdate();
        }
        return "written";
    }

    private List<Integer> effects() {
        return database.list(Integer.class, "select attempt from public.effect order by attempt");
    }

    @Test
    void transaction_thatCommits_settlesTheEventWithWhatItReturned() throws InterruptedException {
        Executor<Task> tasks = tasks(faulty)
                .handler((task, run) -> {
                    String answer = run.transaction(connection -> write(run, connection));
                    assertThat(run.isCancelled()).isTrue(); // nothing it answers counts any more
                    return answer + " and ignored";
                })
                .build();
        UUID id = tasks.append(new Task("a"));
        tasks.start();
        tasks.forward();

        Event<Task> event = event(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.execution().response()).hasToString("\"written\"");
        assertThat(effects()).containsExactly(1);
        assertThat(database.longValue("select count(*) from running")).isZero();
    }

    @Test
    void transaction_whoseWorkThrows_writesNothingAndTheEventIsRetried() throws InterruptedException {
        Executor<Task> tasks = tasks(faulty)
                .retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .handler((task, run) -> run.transaction(connection -> {
                    write(run, connection);
                    if (run.attempt() == 1) {
                        throw new IllegalStateException("not yet");
                    }
                    return null;
                }))
                .build();
        UUID id = tasks.append(new Task("a"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(effects()).containsExactly(2);
    }

    @Test
    void handler_thatThrowsAfterItsTransaction_leavesTheEventCompleted() throws InterruptedException {
        Executor<Task> tasks = tasks(faulty)
                .retry(RetryPolicy.fixed(Duration.ZERO, 5))
                .handler((task, run) -> {
                    run.transaction(connection -> write(run, connection));
                    throw new IllegalStateException("too late to fail");
                })
                .build();
        UUID id = tasks.append(new Task("a"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(effects()).containsExactly(1);
        assertThat(faulty.lateResults()).isZero();
    }

    @Test
    void transaction_whenTheClaimIsLost_writesNothingAndIsKeptAsLate() throws Exception {
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Executor<Task> tasks = tasks(faulty)
                .handler((task, run) -> {
                    if (run.attempt() == 1) {
                        loseClaim(run.id());
                    }
                    thrown.complete(catchThrowable(() -> run.transaction(connection -> write(run, connection))));
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("a"));
        tasks.start();
        tasks.forward();

        assertThat(thrown.get(60, TimeUnit.SECONDS))
                .isInstanceOf(LeaseLostException.class)
                .hasMessageContaining(id + " attempt 1");
        assertThat(late.poll(60, TimeUnit.SECONDS))
                .satisfies(result -> assertThat(result.status()).isEqualTo(EventStatus.COMPLETED))
                .satisfies(result -> assertThat(result.event()).isEqualTo(id));
        assertThat(faulty.lateResults()).isOne();
        database.await("select late_status = 2 and late_bytes = 9 from attempt where event = ? and attempt = 1", id);
        tasks.forward(); // where the second attempt is a suspect's
        assertThat(ended(tasks, id).execution().attempt()).isEqualTo(2);
        assertThat(effects()).containsExactly(2);
    }

    /** As a rescue takes it, while this worker still believes in its lease. */
    private void loseClaim(UUID id) {
        database.execute("""
                with lost as (delete from running where id = ? returning *),
                noted as (insert into attempt (event, worker, started_at, attempt, reason)
                    select id, worker, claimed_at, attempt, 'lost' from lost)
                insert into ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
                select id, priority, position, -lane, flow, attempt, failures, denials, deaths + 1 from lost
                """, id);
    }

    @Test
    @DisplayName("C2 the commit's acknowledgement is lost: it is read back, and the writes happened once")
    void transaction_whoseCommitIsUnanswered_isFoundCommitted() throws InterruptedException {
        faults.set("settle", Moment.AFTER_COMMIT, 1, Fault.cut());
        assertCommittedOnce(1);
    }

    @Test
    void transaction_whoseConnectionIsLostBeforeTheCommit_saysThatNothingWasWritten() throws InterruptedException {
        faults.set("settle", Moment.BEFORE_COMMIT, 1, Fault.cut());
        assertCommittedOnce(2);
    }

    @Test
    void transaction_thatTheServerCommitsAfterItsClientGaveUp_isWaitedFor() throws InterruptedException {
        faults.set("settle", Moment.BEFORE_COMMIT, 1, Fault.cutAndCommitAfter(Duration.ofSeconds(1)));
        assertCommittedOnce(1);
    }

    /** A handler that tries until nothing is thrown, as often as expected, and has one effect. */
    private void assertCommittedOnce(int expectedTries) throws InterruptedException {
        BlockingQueue<Integer> tries = new LinkedBlockingQueue<>();
        Executor<Task> tasks = tasks(faulty)
                .handler((task, run) -> {
                    while (true) {
                        tries.add(tries.size());
                        try {
                            return run.transaction(connection -> write(run, connection));
                        } catch (ConnectionException e) {
                            assertThat(e).hasMessageContaining("nothing was written");
                        }
                    }
                })
                .build();
        UUID id = tasks.append(new Task("a"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(tries).hasSize(expectedTries);
        assertThat(effects()).containsExactly(1);
        assertThat(faulty.lateResults()).isZero();
    }

    enum Stop {
        TIMEOUT,
        CLOSE
    }

    @ParameterizedTest
    @EnumSource
    void transaction_stoppedInsideAStatement_hasItCancelledAndWritesNothing(Stop stop) throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        CountDownLatch left = new CountDownLatch(1);
        Executor<Task> tasks = tasks(faulty)
                .handler((task, run) -> {
                    thrown.set(catchThrowable(() -> run.transaction(connection -> {
                        write(run, connection);
                        entered.countDown();
                        try (Statement statement = connection.createStatement()) {
                            statement.execute("select 'marked', pg_sleep(60)");
                        }
                        return null;
                    })));
                    left.countDown();
                    return null;
                })
                .build();
        Append terms = stop == Stop.TIMEOUT ? Append.timeout(Duration.ofMillis(500)) : Append.defaults();
        UUID id = tasks.append(new Task("a"), terms);
        tasks.execute();
        entered.await();
        String underWay = "exists (select from pg_stat_activity where query like '%''marked''%' and state = 'active'"
                + " and pid <> pg_backend_pid())";
        if (stop == Stop.CLOSE) {
            database.await("select " + underWay); // a cancellation that comes before the statement cancels nothing
            faulty.close();
        }

        assertThat(left.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(thrown.get()).isNotNull();
        if (stop
                == Stop.TIMEOUT) { // a close that is short of time breaks the connection, which the server notices late
            database.await("select not exists (select from pg_stat_activity where query like '%''marked''%'"
                    + " and state = 'active' and pid <> pg_backend_pid())");
        }
        assertThat(effects()).isEmpty();
        assertThat(database.text("select status from event_status where id = ?", id))
                .isIn(stop == Stop.TIMEOUT ? List.of("cancelled", "processing") : List.of("pending"));
        if (stop == Stop.TIMEOUT) {
            assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.CANCELLED);
        }
    }

    @Test
    void handler_thatGoesOnPastItsTimeoutAfterItsTransaction_isInterruptedAndStaysCompleted()
            throws InterruptedException {
        CountDownLatch interrupted = new CountDownLatch(1);
        Executor<Task> tasks = tasks(faulty)
                .handler((task, run) -> {
                    run.transaction(connection -> write(run, connection));
                    try {
                        new CountDownLatch(1).await();
                    } finally {
                        interrupted.countDown();
                    }
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("a"), Append.timeout(Duration.ofSeconds(1)));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(interrupted.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(effects()).containsExactly(1);
    }

    @Test
    void transaction_ofTheHandlers_cannotBeEndedByIt() throws InterruptedException {
        Executor<Task> tasks = tasks(faulty)
                .handler((task, run) -> run.transaction(connection -> {
                    assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
                    assertThatThrownBy(connection::rollback).isInstanceOf(SQLException.class);
                    assertThatThrownBy(() -> connection.setAutoCommit(true)).isInstanceOf(SQLException.class);
                    connection.rollback(connection.setSavepoint());
                    write(run, connection);
                    connection.close();
                    return Map.of("closed", connection.isClosed());
                }))
                .build();
        UUID id = tasks.append(new Task("a"));
        tasks.execute();

        assertThat(ended(tasks, id).execution().response()).hasToString("{\"closed\":false}");
        assertThat(effects()).containsExactly(1);
    }

    @Test
    void transaction_afterOneThatCommitted_isRefused() throws InterruptedException {
        AtomicReference<Throwable> second = new AtomicReference<>();
        Executor<Task> tasks = tasks(faulty)
                .handler((task, run) -> {
                    run.transaction(connection -> write(run, connection));
                    second.set(catchThrowable(() -> run.transaction(connection -> write(run, connection))));
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("a"));
        tasks.start();
        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(second.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("settled already");
        assertThat(effects()).containsExactly(1);
    }

    @Test
    @DisplayName("C4 more transactions than the pool has connections leave two of them to claims and settlements")
    void transactions_moreThanConnections_waitForEachOther() throws InterruptedException {
        HikariDataSource pool = database.newPool(4);
        Millrace small = opened(Millrace.connect(pool));
        Executor<Task> tasks = tasks(small)
                .concurrencyLimit(20)
                .handler((task, run) -> run.transaction(connection -> {
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("select pg_sleep(0.02)");
                    }
                    return write(run, connection);
                }))
                .build();
        append(tasks, 60);
        tasks.execute();

        assertThat(tasks.join(LONG)).isTrue();

        assertThat(count(tasks, EventStatus.COMPLETED)).isEqualTo(60);
        assertThat(effects()).hasSize(60);
    }

    @Test
    void transaction_onAThreadThatIsInterruptedByItsOwnWork_commitsAllTheSame() throws InterruptedException {
        Executor<Task> tasks = tasks(faulty)
                .handler((task, run) -> {
                    run.transaction(connection -> {
                        String written = write(run, connection);
                        Thread.currentThread().interrupt();
                        return written;
                    });
                    return Thread.interrupted();
                })
                .build();
        UUID id = tasks.append(new Task("a"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(effects()).containsExactly(1);
    }
}
