package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.EventStatus;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls that run events are repeated for as long as the patience says while no connection can be had, as every other call is. */
class PatienceTest extends WithMillrace {
    private final AtomicInteger runs = new AtomicInteger();
    private final AtomicInteger refusals = new AtomicInteger(); // that the caller's thread still meets
    private final Thread caller = Thread.currentThread();

    PatienceTest(TestDatabase database) {
        super(database);
    }

    /** A call that runs one event. */
    enum Call {
        INVOKE {
            @Override
            void make(Executor<Task> tasks, UUID id) throws InterruptedException {
                assertThat(tasks.invoke(id)).isNotNull();
            }
        },
        FORWARD {
            @Override
            void make(Executor<Task> tasks, UUID id) throws InterruptedException {
                assertThat(tasks.forward()).isEqualTo(1);
            }
        },
        JOIN {
            @Override
            void make(Executor<Task> tasks, UUID id) throws InterruptedException {
                assertThat(tasks.join(LONG)).isTrue();
            }
        },
        JOIN_BESIDE_A_LOOP {
            @Override
            void make(Executor<Task> tasks, UUID id) throws InterruptedException {
                tasks.execute();
                assertThat(tasks.join(LONG)).isTrue();
            }
        };

        abstract void make(Executor<Task> tasks, UUID id) throws InterruptedException;
    }

    private Connection taken(HikariDataSource pool) throws SQLException {
        if (Thread.currentThread().equals(caller) && refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new SQLTransientConnectionException(
                    "p - Connection is not available, request timed out after 1000ms (total=2, active=2, idle=0, waiting=0)");
        }
        return pool.getConnection();
    }

    private Executor<Task> impatient(Duration patience) {
        HikariDataSource pool = database.newPool(6);
        Executor<Task> tasks = tasks(opened(Millrace.builder()
                        .dataSource(new Disguised(() -> taken(pool), true))
                        .patience(patience)
                        .connect()))
                .handler((task, run) -> runs.incrementAndGet())
                .build();
        tasks.start();
        return tasks;
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.23 invoke, forward and join are repeated while no connection can be had")
    void call_whilePoolIsEmpty_isRepeated(Call call) throws InterruptedException {
        Executor<Task> tasks = impatient(Duration.ofHours(1));
        UUID id = tasks.append(new Task("x"));

        refusals.set(4);
        call.make(tasks, id);

        assertThat(refusals).hasValue(0);
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(runs).hasValue(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"INVOKE", "FORWARD", "JOIN"})
    @DisplayName("12.23 and give up when the patience is over, in the words of their cause, with nothing claimed")
    void call_whilePoolStaysEmpty_givesUpAfterThePatience(Call call) throws InterruptedException {
        Executor<Task> tasks = impatient(Duration.ofMillis(300));
        UUID id = tasks.append(new Task("x"));

        refusals.set(Integer.MAX_VALUE);
        assertThatThrownBy(() -> call.make(tasks, id))
                .isInstanceOf(ConnectionException.class)
                .hasMessageContaining("no connection of the pool came free in time, all are in use, tried for PT0.3S");

        refusals.set(0);
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PENDING);
        assertThat(runs).hasValue(0);
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.23 the same with a pool of two whose connections the application holds for three seconds")
    void call_whileTheApplicationHoldsThePool_waits(Call call) throws Exception {
        HikariDataSource pool = database.newPool(2, config -> config.setConnectionTimeout(500));
        Executor<Task> tasks = tasks(opened(Millrace.connect(pool)))
                .handler((task, run) -> runs.incrementAndGet())
                .build();
        tasks.start();
        UUID id = tasks.append(new Task("x"));
        CompletableFuture<Void> called;
        try (Connection one = pool.getConnection();
                Connection two = pool.getConnection()) {
            assertThat(one).isNotEqualTo(two);
            called = CompletableFuture.runAsync(() -> {
                try {
                    call.make(tasks, id);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            database.query("select pg_sleep(3)");
            assertThat(called).isNotDone();
        }

        called.get(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("12.23 a claim whose answer was lost is not repeated")
    void invoke_whoseClaimIsCut_isNotRepeated() throws InterruptedException {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(6));
        Executor<Task> tasks = tasks(opened(Millrace.connect(faults)))
                .handler((task, run) -> runs.incrementAndGet())
                .build();
        tasks.start();
        UUID id = tasks.append(new Task("x"));
        faults.set("claim_one", Moment.AFTER_COMMIT, 1, Fault.cut());

        assertThatThrownBy(() -> tasks.invoke(id))
                .isInstanceOf(ConnectionException.class)
                .hasMessageContaining("the connection to the database was lost");

        assertThat(faults.executions("claim_one")).isEqualTo(1);
        assertThat(tasks.invoke(id)).isNotNull();
        assertThat(runs).hasValue(1);
    }
}
