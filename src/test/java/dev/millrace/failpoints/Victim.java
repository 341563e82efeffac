package dev.millrace.failpoints;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.event.Event;
import dev.millrace.event.MillraceException;
import dev.millrace.failpoints.Job.Task;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Moment;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The process that a blow strikes at a failpoint: in this JVM, or in one of its own if the blow is its end. Thread-safe. */
final class Victim implements AutoCloseable {
    private static final int MORE_THAN_A_STATEMENT_TAKES = 1_002; // a single one takes another statement

    private final Failpoint point;
    private final Sandbox sandbox;
    private final Blow blow;
    private final HikariDataSource pool;
    private final FaultyDataSource faults;
    private final Worker worker;
    private final AtomicBoolean armed = new AtomicBoolean();
    private final AtomicBoolean struck = new AtomicBoolean();
    private final CountDownLatch stalled = new CountDownLatch(1);
    private final CountDownLatch thawed = new CountDownLatch(1);
    private final CountDownLatch handling = new CountDownLatch(1);
    private final CountDownLatch never = new CountDownLatch(1);

    Victim(Failpoint point, Blow blow, Sandbox sandbox) {
        this.point = point;
        this.blow = blow;
        this.sandbox = sandbox;
        this.pool = pool(sandbox.url());
        this.faults = new FaultyDataSource(pool);
        this.worker = new Worker(point.script(), sandbox, this::pass, builder -> builder.dataSource(faults));
        String gate = point.gate();
        if (gate != null) {
            faults.set(point.place().name(), Moment.BEFORE, 1, physical -> await(gate));
        }
        String cutFirst = point.cutFirst().orElse(null);
        if (cutFirst != null) {
            faults.set(cutFirst, Moment.AFTER_COMMIT, 1, physical -> {
                arm();
                Fault.cut().strike(physical);
            });
        } else if (point.script() != Script.LONG_RUN) {
            arm();
        }
    }

    private void await(String gate) throws SQLException {
        try {
            sandbox.await(gate);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static HikariDataSource pool(String url) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(6);
        config.setMinimumIdle(0);
        return new HikariDataSource(config);
    }

    private void arm() {
        armed.set(true);
        Moment moment = point.place().moment();
        if (moment != null) {
            faults.set(point.place().name(), moment, point.place().occurrence(), this::strike);
        }
    }

    private void strike(@Nullable Connection unused) {
        struck.set(true);
        switch (blow) {
            case HALT -> Runtime.getRuntime().halt(137);
            case STALL -> {
                faults.freeze();
                stalled.countDown();
                if (point.place().moment() == null) {
                    awaitUninterrupted(thawed);
                }
            }
            case CUT_BEFORE_COMMIT -> faults.set(point.commit(), Moment.BEFORE_COMMIT, 1, Fault.cut());
            case CUT_AFTER_COMMIT -> faults.set(point.commit(), Moment.AFTER_COMMIT, 1, Fault.cut());
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The subject passes a place in the application's code. */
    private void pass(String place, int attempt) throws Exception {
        // These two run beside their neighbours; those shall not be held by a process that dies.
        boolean besideIt = place.equals("handler") && point.script() == Script.SUSPECT;
        if (besideIt || (place.equals("permission") && point.script() == Script.DENY)) {
            sandbox.await("select exists (select from outcome where id = '" + sandbox.neighbour() + "')");
        }
        if (place.equals(point.place().name())
                && point.place().moment() == null
                && attempt == 1
                && !struck.getAndSet(true)) {
            strike(null);
        }
        if (attempt > 1) {
            return;
        }
        if (place.equals("permission") && point.script() == Script.CLOSE_WHILE_ASKED) {
            handling.countDown();
            while (faults.executions("give_back") == 0) { // it answers when its event is on its way back
                pause();
            }
        }
        if (place.equals("handler")) {
            handling.countDown();
            switch (point.script()) {
                case LONG_RUN -> awaitRenewals();
                case CLOSE -> never.await();
                case CLOSE_WITH_GRACE -> {
                    while (worker.executor().isExecuting()) {
                        pause();
                    }
                    pass("grace", attempt);
                }
                default -> {}
            }
        }
    }

    private void awaitRenewals() throws InterruptedException {
        arm();
        int wanted = faults.executions("worker_renew") + 3;
        while (faults.executions("worker_renew") < wanted) {
            pause();
        }
    }

    private void pause() throws InterruptedException {
        boolean unused = never.await(20, TimeUnit.MILLISECONDS);
    }

    /** Does what the script says; returns when only loops are left to work. */
    void run() throws Exception {
        Executor<Job> executor = worker.executor();
        switch (point.script()) {
            case INVOKE -> {
                executor.start();
                invoke(executor);
                executor.execute();
            }
            case ANEW -> {
                executor.start();
                sandbox.forgetWorkers();
                sandbox.await("select exists (select from worker)");
                executor.execute();
            }
            case APPEND -> {
                for (Event<Job> event : worker.events()) {
                    append(List.of(event));
                }
            }
            case APPEND_MANY -> {
                List<Event<Job>> many = new ArrayList<>(worker.events());
                while (many.size() < MORE_THAN_A_STATEMENT_TAKES) {
                    many.add(executor.newEvent(new Task(3), Append.defaults()));
                }
                append(many);
            }
            case APPEND_BOUNDED -> append(worker.events());
            case APPEND_ABSENT -> {
                tried(worker.events());
                sandbox.acknowledged(executor.appendAbsent(worker.events()));
            }
            case APPEND_IN_TRANSACTION -> appendInTransaction(executor);
            case CLOSE, CLOSE_WITH_GRACE, CLOSE_WHILE_ASKED -> {
                executor.execute();
                handling.await();
                worker.close();
            }
            default -> executor.execute();
        }
    }

    private void invoke(Executor<Job> executor) throws InterruptedException {
        try {
            executor.invoke(sandbox.subject());
        } catch (MillraceException e) {
            return; // it may have been claimed or not; the loop will see
        }
    }

    private void append(List<Event<Job>> events) throws SQLException {
        tried(events);
        sandbox.acknowledged(worker.executor().appendEvents(events));
    }

    private void tried(List<Event<Job>> events) throws SQLException {
        sandbox.tried(events.stream().map(Event::id).toList());
    }

    private void appendInTransaction(Executor<Job> executor) throws SQLException {
        tried(worker.events());
        Append options = Append.defaults();
        try (Connection connection = faults.getConnection()) {
            connection.setAutoCommit(false);
            executor.append(connection, new Task(1), options.withId(sandbox.subject()));
            executor.append(connection, new Task(2), options.withId(sandbox.neighbour()));
            connection.commit();
        } catch (SQLException e) {
            return; // the caller does not know either
        }
        sandbox.acknowledged(List.of(sandbox.subject(), sandbox.neighbour()));
    }

    /** Waits until all of it stands still. */
    void awaitStalled() throws InterruptedException {
        if (!stalled.await(60, TimeUnit.SECONDS)) {
            throw new AssertionError(point.words() + " was not reached within 60 s");
        }
    }

    /** Lets it go on. */
    void thaw() {
        faults.thaw();
        thawed.countDown();
    }

    /**
     * Waits until the blow has struck, with all that belongs to it. A process that has found nothing does not look again by
     * itself, and one of its threads may have claimed before another came to the failpoint: so it is told to look.
     */
    void awaitStruck() throws SQLException, InterruptedException {
        for (int round = 0; round < 3_000 && !isStruck(); round++) {
            sandbox.tellToLook();
            pause();
        }
        if (!isStruck()) {
            throw new AssertionError(point.words() + " was not struck within 60 s");
        }
    }

    private boolean isStruck() {
        return armed.get() && struck.get() && faults.allStruck();
    }

    /** Ends it as its process would. */
    @Override
    public void close() {
        thaw();
        worker.close();
        pool.close();
    }

    /** A JVM that is to die at a failpoint. The arguments are the point's name, the database's URL and the two ids. */
    public static void main(String[] arguments) throws Exception {
        CompletableFuture.delayedExecutor(60, TimeUnit.SECONDS)
                .execute(() -> Runtime.getRuntime().halt(3)); // nobody shall wait for one that does not come there
        Sandbox sandbox = new Sandbox(arguments[1], UUID.fromString(arguments[2]), UUID.fromString(arguments[3]));
        new Victim(Failpoint.valueOf(arguments[0]), Blow.HALT, sandbox).run();
        Thread.currentThread().join(); // until it halts
    }
}
