package dev.millrace.cli.torture;

import dev.millrace.cli.torture.Plan.Fault;
import dev.millrace.thread.Threads;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Carries a {@link Plan} out: one fault at a time for each process and one for the database, any number together. */
final class Nemesis implements AutoCloseable {
    private final Plan plan;
    private final List<Seat> workers;
    private final Seat appender;
    private final Server server;
    private final Database database;
    private final Tally tally;
    private final Ledger kills;
    private final Semaphore databaseFree = new Semaphore(1);
    private final ExecutorService hands = Executors.newThreadPerTaskExecutor(Threads.virtuals("nemesis-"));

    Nemesis(Plan plan, List<Seat> workers, Seat appender, Server server, Database database, Tally tally, Ledger kills) {
        this.plan = plan;
        this.workers = workers;
        this.appender = appender;
        this.server = server;
        this.database = database;
        this.tally = tally;
        this.kills = kills;
    }

    private interface Blow {
        void strike() throws IOException, InterruptedException, SQLException;
    }

    /** Strikes until the plan is over or the thread is interrupted. */
    void run(long startNanos) throws InterruptedException {
        for (Fault fault : plan.faults()) {
            long wait = startNanos + TimeUnit.MILLISECONDS.toNanos(fault.atMillis()) - System.nanoTime();
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
            strike(fault);
        }
    }

    private void strike(Fault fault) {
        switch (fault.kind()) {
            case TERMINATE_BACKENDS, POSTGRES_CRASH, STANDSTILL, TABLE_LOCKED -> {
                if (databaseFree.tryAcquire()) {
                    submit(() -> hitDatabase(fault), databaseFree::release);
                }
            }
            case KILL_APPENDER -> hit(appender, fault);
            default -> {
                Seat seat = fault.target() == workers.size() ? appender : freeFrom(fault.target());
                if (seat != null) {
                    hit(seat, fault);
                }
            }
        }
    }

    /** The worker that was meant or, while another fault has it, the next. */
    private @Nullable Seat freeFrom(int target) {
        for (int i = 0; i < workers.size(); i++) {
            Seat seat = workers.get((target + i) % workers.size());
            if (seat.tryTake()) {
                seat.giveFree();
                return seat;
            }
        }
        return null;
    }

    private void hit(Seat seat, Fault fault) {
        Jvm process = seat.process();
        if (process != null && seat.tryTake()) {
            submit(() -> hit(seat, process, fault), seat::giveFree);
        }
    }

    private void submit(Blow blow, Runnable afterwards) {
        hands.execute(() -> {
            try {
                blow.strike();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IOException | SQLException e) {
                System.err.println("torture: a fault could not be made: " + e.getMessage());
            } finally {
                afterwards.run();
            }
        });
    }

    private void hit(Seat seat, Jvm process, Fault fault) throws IOException, InterruptedException {
        FaultProxy proxy = seat.proxy();
        switch (fault.kind()) {
            case SIGKILL -> {
                kills.killed(process.pid());
                process.kill();
            }
            case KILL_APPENDER -> process.kill();
            case SIGTERM -> process.terminate();
            case SIGSTOP -> {
                process.signal("STOP");
                try {
                    Thread.sleep(fault.millis());
                } finally {
                    process.signal("CONT");
                }
            }
            case CUT -> proxy.cut();
            case CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT -> {
                proxy.cutAtNextCommit(fault.kind());
                return; // counted when it is made
            }
            case BLACK_HOLE -> hold(fault, List.of(proxy), FaultProxy::lose);
            case LATE_DELIVERY -> hold(fault, List.of(proxy), FaultProxy::release);
            case TERMINATE_BACKENDS, POSTGRES_CRASH, STANDSTILL, TABLE_LOCKED, HALT ->
                throw new IllegalStateException(fault.kind() + " does not hit a process");
        }
        tally.add(fault.kind());
    }

    private static void hold(Fault fault, List<FaultProxy> proxies, Consumer<FaultProxy> end)
            throws InterruptedException {
        proxies.forEach(FaultProxy::hold);
        try {
            Thread.sleep(fault.millis());
        } finally {
            proxies.forEach(end);
        }
    }

    private void hitDatabase(Fault fault) throws IOException, InterruptedException, SQLException {
        if (fault.kind() == FaultKind.POSTGRES_CRASH) {
            server.crash(Duration.ofMillis(fault.millis()));
        } else if (fault.kind() == FaultKind.STANDSTILL) {
            hold(
                    fault,
                    Stream.concat(workers.stream(), Stream.of(appender))
                            .map(Seat::proxy)
                            .toList(),
                    FaultProxy::release);
        } else if (fault.kind() == FaultKind.TABLE_LOCKED) {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute(Database.sql("lock_workers"));
                Thread.sleep(fault.millis());
                connection.rollback();
            }
        } else {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute(Database.sql("terminate_all"));
            }
        }
        tally.add(fault.kind());
    }

    /** Waits until all faults are over, and mends what lasts. */
    void heal() throws InterruptedException {
        for (Seat worker : workers) {
            worker.awaitFree();
            worker.proxy().heal();
        }
        appender.awaitFree();
        appender.proxy().heal();
        databaseFree.acquire();
        databaseFree.release();
    }

    @Override
    public void close() {
        hands.shutdownNow();
    }
}
