package dev.millrace;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.ApplicationJson;
import dev.millrace.event.LateResult;
import dev.millrace.event.Payloads;
import dev.millrace.event.Terms;
import dev.millrace.store.Database;
import dev.millrace.store.Location;
import dev.millrace.store.OwnPool;
import dev.millrace.store.PayloadMemory;
import dev.millrace.store.Schema;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Configures a {@link Millrace}. Each setting is checked when it is made. Confined to one thread. */
public final class MillraceBuilder {
    private static final long LEAST_PAYLOAD_MEMORY = 1L << 20;
    private static final long MOST_PAYLOAD_MEMORY = 1L << 40;

    private @Nullable DataSource dataSource;
    private @Nullable String jdbcUrl;
    private int poolSize = 8;
    private String schema = Millrace.DEFAULT_SCHEMA;
    private Duration patience = Duration.ofSeconds(30);
    private Duration shutdownGrace = Duration.ofSeconds(10);
    private Duration lease = Duration.ofSeconds(15);
    private int maxCrashes = 3;
    private int payloadCap = Payloads.DEFAULT_CAP_BYTES;
    private long payloadMemory = PayloadMemory.halfOfHeap();
    private int responseCap = Payloads.DEFAULT_CAP_BYTES;
    private ApplicationJson json = ApplicationJson.DEFAULT;
    private boolean migrate;
    private boolean listens = true;
    private boolean keepAlive = true;
    private @Nullable InstantSource clock;
    private Consumer<? super LateResult> lateResultListener = late -> {};
    private Consumer<? super Throwable> fatalListener = error -> {};

    MillraceBuilder() {}

    /**
     * The application's pool, which stays the application's. This or {@link #jdbcUrl} is needed. Not a data source that joins
     * transactions, such as Spring's {@code TransactionAwareDataSourceProxy}: that one is refused when connecting, and a call for
     * which a data source lends the connection of a transaction that others have begun is refused before it does anything.
     */
    public MillraceBuilder dataSource(DataSource pool) {
        this.dataSource = Objects.requireNonNull(pool, "dataSource");
        return this;
    }

    /**
     * Where to connect with a pool of Millrace's own, {@code jdbc:postgresql:…}. Behind a proxy that pools transactions,
     * such as PgBouncer before 1.21, it needs {@code prepareThreshold=0}, and migrations need a direct connection.
     */
    public MillraceBuilder jdbcUrl(String url) {
        this.jdbcUrl = Location.checkUrl(Objects.requireNonNull(url, "jdbcUrl"));
        return this;
    }

    /** Connections in a pool of Millrace's own, 2 to 100; default 8. A worker needs few: it writes in groups. */
    public MillraceBuilder poolSize(int connections) {
        require(connections >= 2 && connections <= 100, "poolSize must be 2 to 100, got " + connections);
        this.poolSize = connections;
        return this;
    }

    /** The schema, lower case letters, digits and underscores; default {@code millrace}. Several can share a database. */
    public MillraceBuilder schema(String name) {
        this.schema = Location.checkSchema(Objects.requireNonNull(name, "schema"));
        return this;
    }

    /**
     * How long a call is repeated while the database is away or the pool has no connection, 0 s to 1 h; default 30 s. Calls that claim
     * are repeated only while no connection can be had. Background work never gives up.
     */
    public MillraceBuilder patience(Duration time) {
        requireWithin("patience", time, Duration.ZERO, Duration.ofHours(1));
        this.patience = time;
        return this;
    }

    /** How long {@link Millrace#close} waits for running handlers, 0 s to 1 h; default 10 s. */
    public MillraceBuilder shutdownGrace(Duration time) {
        requireWithin("shutdownGrace", time, Duration.ZERO, Duration.ofHours(1));
        this.shutdownGrace = time;
        return this;
    }

    /** How long a worker is taken for alive after its last renewal, which comes every third of it, 1 s to 1 h; default 15 s. */
    public MillraceBuilder lease(Duration time) {
        requireWithin("lease", time, Duration.ofSeconds(1), Duration.ofHours(1));
        this.lease = time;
        return this;
    }

    /**
     * Workers' deaths that abort an event which does not say how many itself, 1 to 100; default 3. See {@link Append#maxCrashes(int)}.
     */
    public MillraceBuilder maxCrashes(int deaths) {
        this.maxCrashes = Terms.checkMaxCrashes(deaths);
        return this;
    }

    /** The largest payload, in bytes of JSON, 1 B to 64 MiB; default 1 MiB. */
    public MillraceBuilder payloadCap(int bytes) {
        this.payloadCap = checkCap("payloadCap", bytes);
        return this;
    }

    /**
     * The memory for payloads of claimed events, in bytes, 1 MiB to 1 TiB; default half of the largest heap. Of an event whose payload
     * does not fit, the payload stays in the database until there is room; one that never fits is read when it is the only one. Small
     * payloads come with the claim. Count six times the JSON text for a payload that is being read, and twice from then on.
     */
    public MillraceBuilder payloadMemory(long bytes) {
        require(
                bytes >= LEAST_PAYLOAD_MEMORY && bytes <= MOST_PAYLOAD_MEMORY,
                "payloadMemory must be %d to %d bytes, got %d"
                        .formatted(LEAST_PAYLOAD_MEMORY, MOST_PAYLOAD_MEMORY, bytes));
        this.payloadMemory = bytes;
        return this;
    }

    /** The largest response or chunk that is kept, in bytes of JSON, 1 B to 64 MiB; default 1 MiB. */
    public MillraceBuilder responseCap(int bytes) {
        this.responseCap = checkCap("responseCap", bytes);
        return this;
    }

    /**
     * Adds the application's modules and settings to those that payloads, responses and chunks are written and read with, such as
     * {@code jackson(settings -> settings.addModule(new Jdk8Module()))} for {@code Optional}. Called again, it replaces them.
     *
     * @throws IllegalArgumentException if the settings would let JSON choose classes by their names
     */
    public MillraceBuilder jackson(Consumer<? super JsonMapper.Builder> settings) {
        this.json = ApplicationJson.with(Objects.requireNonNull(settings, "settings"));
        return this;
    }

    /**
     * Hears of each answer that a handler gave after this process had lost the event. Called on a thread of its own, one at
     * a time; what it throws is logged.
     */
    public MillraceBuilder onLateResult(Consumer<? super LateResult> listener) {
        this.lateResultListener = Objects.requireNonNull(listener, "onLateResult");
        return this;
    }

    /**
     * Hears of the error after which this process claims nothing more, once what it held has been given back: see
     * {@link Millrace#fatalError}. Called once, on a thread of its own.
     */
    public MillraceBuilder onFatalError(Consumer<? super Throwable> listener) {
        this.fatalListener = Objects.requireNonNull(listener, "onFatalError");
        return this;
    }

    /**
     * Whether a worker has a connection of its own to be notified over, so that it starts within a few milliseconds what is
     * appended elsewhere although it hardly asks; by default it has. Where notifications do not arrive it polls by itself.
     */
    public MillraceBuilder listen(boolean wanted) {
        this.listens = wanted;
        return this;
    }

    /**
     * Whether the JVM stays alive while an executor executes, until it is stopped and what it runs has ended; default true.
     * Millrace has one thread for that, its other threads are daemons. False is for containers and frameworks that own the
     * life cycle: then the JVM ends when the application's own threads have ended.
     */
    public MillraceBuilder keepAlive(boolean wanted) {
        this.keepAlive = wanted;
        return this;
    }

    /**
     * The clock by which events become due, for tests that turn it instead of waiting: start times, delays, retries, snoozes, the
     * pauses after denials and failed permission checks, deadlines, and every {@link dev.millrace.work.RateLimit} that an executor of
     * this Millrace is given. By default all of these go by the database's clock, rate limits by this process's.
     *
     * <p>All processes that work on the schema must then go by the same clock. What SQL clients append goes by the database's clock,
     * and so do leases, timeouts of handlers, creation times, and the periods of unique keys.
     *
     * @param source must be thread-safe
     */
    public MillraceBuilder clock(InstantSource source) {
        this.clock = Objects.requireNonNull(source, "clock");
        return this;
    }

    /** Brings the schema up to date when connecting; by default a schema that is not is refused. */
    public MillraceBuilder migrate() {
        this.migrate = true;
        return this;
    }

    /**
     * Connects.
     *
     * @throws dev.millrace.event.ConfigurationException if the database or the schema's version does not fit
     */
    public Millrace connect() {
        if (dataSource == null && jdbcUrl == null) {
            throw new IllegalArgumentException("neither dataSource nor jdbcUrl is set; give one of the two");
        }
        if (dataSource != null && jdbcUrl != null) {
            throw new IllegalArgumentException("dataSource and jdbcUrl are both set; give only one of the two");
        }
        HikariDataSource own = jdbcUrl == null ? null : OwnPool.open(jdbcUrl, poolSize);
        DataSource pool = own == null ? dataSource : own;
        if (pool == null) {
            throw new IllegalStateException("no pool");
        }
        try {
            if (migrate) {
                new Schema(new Database(pool, schema, patience)).migrate();
            }
            Millrace millrace = new Millrace(this, pool, own);
            millrace.store().schema().validate();
            return millrace;
        } catch (RuntimeException e) {
            if (own != null) {
                own.close();
            }
            throw e;
        }
    }

    String schema() {
        return schema;
    }

    /** The clock that the application gave; null for the database's. */
    @Nullable
    InstantSource clock() {
        return clock;
    }

    boolean listens() {
        return listens;
    }

    boolean keepAlive() {
        return keepAlive;
    }

    Duration patience() {
        return patience;
    }

    Duration shutdownGrace() {
        return shutdownGrace;
    }

    Duration lease() {
        return lease;
    }

    Consumer<? super LateResult> lateResultListener() {
        return lateResultListener;
    }

    Consumer<? super Throwable> fatalListener() {
        return fatalListener;
    }

    int maxCrashes() {
        return maxCrashes;
    }

    ApplicationJson json() {
        return json;
    }

    int payloadCap() {
        return payloadCap;
    }

    long payloadMemory() {
        return payloadMemory;
    }

    int responseCap() {
        return responseCap;
    }

    private static int checkCap(String name, int bytes) {
        require(
                bytes >= 1 && bytes <= Payloads.MAX_CAP_BYTES,
                "%s must be 1 to %d bytes, got %d".formatted(name, Payloads.MAX_CAP_BYTES, bytes));
        return bytes;
    }

    private static void requireWithin(String name, Duration value, Duration least, Duration most) {
        Objects.requireNonNull(value, name);
        require(
                value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
                "%s must be %s to %s, got %s".formatted(name, least, most, value));
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
