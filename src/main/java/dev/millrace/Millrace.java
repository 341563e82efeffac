package dev.millrace;

import dev.millrace.event.ConfigurationException;
import dev.millrace.process.Hands;
import dev.millrace.process.IdleWatch;
import dev.millrace.process.Repertoire;
import dev.millrace.process.Stops;
import dev.millrace.process.Worker;
import dev.millrace.store.Database;
import dev.millrace.store.Moved;
import dev.millrace.store.Schema;
import dev.millrace.store.Store;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
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

    private final MillraceBuilder settings;
    private final Machinery machinery;
    private final Shutdown shutdown;
    private final Roster roster = new Roster();
    private volatile @Nullable Throwable fatalError;

    Millrace(MillraceBuilder settings, DataSource dataSource, @Nullable AutoCloseable ownPool) {
        this.settings = settings;
        this.machinery = new Machinery(settings, dataSource, new Owner());
        this.shutdown = new Shutdown(machinery, ownPool);
    }

    private final class Owner implements Machinery.Owner {
        @Override
        public void wakeFlow(int flow) {
            Millrace.this.wakeFlow(flow);
        }

        @Override
        public void alarm(int flow, int times) {
            roster.each(flow, work -> work.alarm(times));
        }

        @Override
        public void moved(Moved event) {
            Millrace.this.moved(event);
        }

        @Override
        public void stopForGood(Throwable error) {
            fatalError = error;
            machinery.worker().brake().pull();
            Threads.startDaemon("millrace-fatal", () -> release(error));
        }
    }

    private void release(Throwable error) {
        log.error("this JVM is not to be trusted any more: claiming nothing, giving back what is held", error);
        long until = System.nanoTime() + settings.shutdownGrace().toNanos();
        boolean unused = shutdown.release(() -> until);
        try {
            settings.fatalListener().accept(error);
        } finally {
            machinery.keepAlive().close(); // nothing will be run any more
        }
    }

    /**
     * Connects to the schema {@code millrace} through a pool of the application's; it is not closed with this.
     *
     * @throws ConfigurationException if the database or the schema's version does not fit, saying what was found, or if the data
     *     source lends connections of transactions that others have begun: see {@link MillraceBuilder#dataSource}
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
        Objects.requireNonNull(schema, "schema");
        new Schema(new Database(dataSource, schema, MIGRATE_PATIENCE)).migrate();
    }

    /**
     * Starts to build an executor: the front door of the flow of that name, for payloads of that class, or of any class
     * registered on the builder.
     */
    public <T> ExecutorBuilder<T> executor(String flow, Class<T> payloadType) {
        return new ExecutorBuilder<>(this, flow, payloadType);
    }

    /**
     * Drops a flow that has no events, with its types, its progressions and the unique keys that outlived their events. Needs the
     * rights of the schema's owner. Close all executors of the flow first, in every process: one that is still there can append nothing
     * any more. Waits at most a second for the transactions that use flows, and is then tried again for as long as every call is.
     *
     * @throws dev.millrace.event.NotFoundException if there is no flow of that name
     * @throws IllegalStateException if it has events, of whatever status, or if a live worker has an executor of it
     */
    public void dropFlow(String name) {
        store().flows().drop(Objects.requireNonNull(name, "name"));
    }

    /** The id under which this process claims. */
    public UUID workerId() {
        return machinery.worker().lease().worker();
    }

    /** How many answers this process gave after it had lost the claim: refused, and kept beside the lost attempt. */
    public long lateResults() {
        return machinery.lateResults().count();
    }

    /**
     * Returns to pending whatever other workers still hold. Only for one who knows that none of them lives, as the owner
     * of a private database does after a crash.
     *
     * @return how many events went back
     */
    public int takeBackAll() {
        return store().workers().all().stream()
                .filter(other -> !other.id().equals(workerId()))
                .mapToInt(other -> store().workers().takeBack(other.id()))
                .sum();
    }

    /**
     * The error after which this process claims nothing more, such as an OutOfMemoryError in a handler; empty while all is
     * well. Whoever runs the process should end it, and say so by its exit code.
     */
    public Optional<Throwable> fatalError() {
        return Optional.ofNullable(fatalError);
    }

    /**
     * Stops gracefully: claims nothing more at once, waits the configured grace for what runs, interrupts and gives back the
     * rest without a death, and ends all threads; within two seconds after the grace, also while the database is away.
     * May be called again, from any thread: then it waits for the first call.
     *
     * <p>What runs in the grace may append and query; nothing is started any more. When this has returned, every call of this, its
     * executors and what they have given out that would use the database is refused with an {@link IllegalStateException}: "this
     * Millrace is closed". So it is also with a pool of the application's, which stays open. Calls that are under way then end as ever.
     *
     * <p>A JVM that is told to end (SIGTERM, SIGINT) does not run the end of a {@code try} statement: see
     * {@link #closeOnShutdown}.
     */
    @Override
    public void close() {
        close(settings.shutdownGrace());
    }

    /**
     * As {@link #close()}, with a grace of the caller's. Called while a close is under way it can shorten that one's grace,
     * for a second signal that hurries.
     */
    public void close(Duration grace) {
        Objects.requireNonNull(grace, "grace");
        shutdown.run(grace, roster.loops());
    }

    /**
     * Has the JVM close this when it shuts down, by SIGTERM, SIGINT or {@link System#exit}, as {@link #close()} does: what runs has
     * the configured grace, and the JVM ends when all is given back. Whoever sends the signal must wait longer than the
     * grace and two seconds before SIGKILL. A pool of the application's must stay open until then. Closing this ends the
     * registration. May be called again.
     *
     * @return this
     * @throws IllegalStateException if this is closed, or the JVM is shutting down already
     */
    public Millrace closeOnShutdown() {
        shutdown.hook(this::close);
        return this;
    }

    /** Whether this is closed, or being closed. */
    boolean isClosing() {
        return shutdown.hasBegun();
    }

    /**
     * Does nothing until {@link #close} has done its work.
     *
     * @throws IllegalStateException after that
     */
    void requireOpen() {
        if (shutdown.isOver()) {
            throw new IllegalStateException("this Millrace is closed");
        }
    }

    /** Registers the worker and starts its threads, unless that has been done. */
    void startWorking() {
        if (shutdown.hasBegun()) {
            throw new IllegalStateException("this Millrace is closed");
        }
        machinery.start();
    }

    /** Wakes the executors of a flow: it has got something to do. */
    void wakeFlow(int flow) {
        roster.each(flow, Work::wake);
    }

    /** An event of a flow was moved from here, but not by the worker that had it, if any. */
    void moved(Moved event) {
        roster.each(event.flow(), work -> work.moved(event));
    }

    /** The executors that run events or have listeners. */
    Roster roster() {
        return roster;
    }

    /** Looks for the executors that have nothing to do. */
    IdleWatch idleWatch() {
        return machinery.idleWatch();
    }

    /** The threads of the executors' loops. */
    Hands hands() {
        return machinery.hands();
    }

    /** Keeps the JVM alive while an executor executes. */
    KeepAlive keepAlive() {
        return machinery.keepAlive();
    }

    /** A flow was paused or resumed from here: this process need not wait to be notified. */
    void pauseChanged(int flow) {
        machinery.orders().pauseChanged(flow);
    }

    Repertoire repertoire() {
        return machinery.repertoire();
    }

    Stops stops() {
        return machinery.stops();
    }

    MillraceBuilder settings() {
        return settings;
    }

    Store store() {
        return machinery.store();
    }

    Worker worker() {
        return machinery.worker();
    }

    Followers followers() {
        return machinery.followers();
    }

    Waiters waiters() {
        return machinery.waiters();
    }
}
