package dev.millrace;

import dev.millrace.event.ConfigurationException;
import dev.millrace.maintain.CountFolder;
import dev.millrace.maintain.Promoter;
import dev.millrace.maintain.Rescuer;
import dev.millrace.process.Announcer;
import dev.millrace.process.Books;
import dev.millrace.process.DutyLoop;
import dev.millrace.process.LateResults;
import dev.millrace.process.Lease;
import dev.millrace.process.Settler;
import dev.millrace.process.Suspects;
import dev.millrace.process.Troubles;
import dev.millrace.process.Worker;
import dev.millrace.store.Database;
import dev.millrace.store.Schema;
import dev.millrace.store.Store;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to one Millrace schema, and the worker that this process is in it: one pool, one registration, one set of
 * chores for all its executors. Appending, querying and waiting need nothing more; the worker's threads start with the
 * first executor that does. Thread-safe. Close it to stop gracefully.
 */
public final class Millrace implements AutoCloseable {
    /** The schema used unless another is configured. */
    public static final String DEFAULT_SCHEMA = "millrace";

    private static final Logger log = LoggerFactory.getLogger(Millrace.class);
    private static final Duration MIGRATE_PATIENCE = Duration.ofSeconds(10);
    private static final Duration PROMOTE_INTERVAL = Duration.ofMillis(100);

    /** The shortest time after which an answer to the background work is given up; else it is the lease's length. */
    private static final Duration LEAST_WORK_BOUND = Duration.ofSeconds(5);

    private final MillraceBuilder settings;
    private final @Nullable AutoCloseable ownPool;
    private final Store store;
    private final Worker worker;
    private final ScheduledThreadPoolExecutor clocks;
    private final DutyLoop rescuer;
    private final DutyLoop promoter;
    private final DutyLoop countFolder;
    private final Waiters waiters;
    private final LateResults lateResults;
    private final List<Executor<?>> executors = new CopyOnWriteArrayList<>();
    private boolean working; // guarded by this
    private boolean closed; // guarded by this

    Millrace(MillraceBuilder settings, DataSource dataSource, @Nullable AutoCloseable ownPool) {
        this.settings = settings;
        this.ownPool = ownPool;
        Duration lease = settings.lease();
        Duration workBound = lease.compareTo(LEAST_WORK_BOUND) < 0 ? LEAST_WORK_BOUND : lease;
        this.store = new Store(
                new Database(dataSource, settings.schema(), settings.patience(), workBound), lease.dividedBy(3));
        Troubles troubles = new Troubles(this::stopWorking);
        this.lateResults = new LateResults(store.settlements(), new Announcer<>(settings.lateResultListener()));
        Books books = new Books();
        Lease held = new Lease(store.workers(), lease, books::abandonAll, troubles);
        this.clocks = new ScheduledThreadPoolExecutor(
                1, task -> Thread.ofPlatform().name("millrace-clock").daemon().unstarted(task));
        clocks.setRemoveOnCancelPolicy(true);
        Settler settler = new Settler(store.settlements(), held::isSafe, lateResults, troubles);
        this.worker = new Worker(held, books, new Suspects(), settler, clocks, troubles);
        this.rescuer = new DutyLoop(
                "rescuer",
                new Rescuer(store.workers(), held::safeWorker, lease, settings.maxCrashes(), this::wakeAll)::cycle,
                troubles);
        this.promoter = new DutyLoop(
                "promoter", new Promoter(store.schedule(), PROMOTE_INTERVAL, this::wakeFlow)::cycle, troubles);
        this.countFolder = new DutyLoop("counts", new CountFolder(store.counts())::cycle, troubles);
        this.waiters = new Waiters(store.events(), troubles);
    }

    /**
     * Connects to the schema {@code millrace} through a pool of the application's; it is not closed with this.
     *
     * @throws ConfigurationException if the database or the schema's version does not fit, saying what was found
     */
    public static Millrace connect(DataSource dataSource) {
        return builder().dataSource(dataSource).connect();
    }

    /** Connects through a pool of its own, which is closed with this. User and password may stand in the URL. */
    public static Millrace connect(String jdbcUrl) {
        return builder().jdbcUrl(jdbcUrl).connect();
    }

    /** Everything that can be configured. */
    public static MillraceBuilder builder() {
        return new MillraceBuilder();
    }

    /** Brings the schema {@code millrace} up to date; many may do so at once. See {@link MillraceBuilder#migrate}. */
    public static void migrate(DataSource dataSource) {
        migrate(dataSource, DEFAULT_SCHEMA);
    }

    /** Brings a schema up to date, making it if there is none; many may do so at once. */
    public static void migrate(DataSource dataSource, String schema) {
        new Schema(new Database(dataSource, schema, MIGRATE_PATIENCE)).migrate();
    }

    /**
     * Starts to build an executor: the front door of the flow of that name, for payloads of that class, or of any class
     * registered on the builder.
     */
    public <T> ExecutorBuilder<T> executor(String flow, Class<T> payloadType) {
        return new ExecutorBuilder<>(this, flow, payloadType);
    }

    /** The id under which this process claims. */
    public UUID workerId() {
        return worker.lease().worker();
    }

    /** How many answers this process gave after it had lost the claim: refused, and kept beside the lost attempt. */
    public long lateResults() {
        return lateResults.count();
    }

    /**
     * Returns to pending whatever other workers still hold. Only for one who knows that none of them lives, as the owner
     * of a private database does after a crash.
     *
     * @return how many events went back
     */
    public int takeBackAll() {
        return store.workers().all().stream()
                .filter(other -> !other.id().equals(workerId()))
                .mapToInt(other -> store.workers().takeBack(other.id()))
                .sum();
    }

    /** Stops all executors: waits a grace period for what runs, gives back the rest, ends all threads. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        executors.forEach(Executor::stop);
        long graceEnds = System.nanoTime() + settings.shutdownGrace().toNanos();
        for (Executor<?> executor : executors) {
            executor.work().shutDown(Duration.ofNanos(Math.max(0, graceEnds - System.nanoTime())));
        }
        promoter.close();
        countFolder.close();
        rescuer.close();
        waiters.close();
        worker.settler().close();
        clocks.shutdownNow();
        try {
            worker.lease().close();
        } finally {
            closePool();
        }
    }

    private void closePool() {
        if (ownPool != null) {
            try {
                ownPool.close();
            } catch (Exception e) {
                throw new ConfigurationException("the connection pool could not be closed: " + e.getMessage(), e);
            }
        }
    }

    /** Registers the worker and starts its threads, unless that has been done. */
    synchronized void startWorking() {
        if (closed) {
            throw new IllegalStateException("this Millrace is closed");
        }
        if (!working) {
            worker.lease().start();
            worker.settler().start();
            rescuer.start();
            promoter.start();
            countFolder.start();
            working = true;
        }
    }

    void add(Executor<?> executor) {
        executors.add(executor);
    }

    /** This JVM is not to be trusted any more: nothing new is claimed. */
    private void stopWorking(Throwable error) {
        log.error("this worker stops claiming", error);
        executors.forEach(Executor::stop);
    }

    /** Wakes the executors of a flow: it has got something to do. */
    void wakeFlow(int flow) {
        for (Executor<?> executor : executors) {
            if (executor.flow().id() == flow) {
                executor.work().wake();
            }
        }
    }

    private void wakeAll() {
        executors.forEach(executor -> executor.work().wake());
    }

    MillraceBuilder settings() {
        return settings;
    }

    Store store() {
        return store;
    }

    Worker worker() {
        return worker;
    }

    Waiters waiters() {
        return waiters;
    }
}
