package dev.millrace.store;

import java.time.Duration;
import java.util.UUID;

/** The door to all SQL of one Millrace. Thread-safe. */
public final class Store {
    private final Database database;
    private final Schema schema;
    private final Flows flows;
    private final Appends appends;
    private final FunctionAppends functionAppends;
    private final Retries retries;
    private final Claims claims;
    private final Settlements settlements;
    private final Sweeps sweeps;
    private final JointTransactions jointTransactions;
    private final Events events;
    private final Streams streams;
    private final Schedule schedule;
    private final Counts counts;
    private final Progressions progressions;
    private final Snapshots snapshots;
    private final Workers workers;
    private final Sleepers sleepers;
    private final Notifications notifications;
    private final Pauses pauses;
    private final Types types;

    /** As the other one, by the database's clock. */
    public Store(Database database, Duration renewalBound, Duration commitBound) {
        this(database, renewalBound, commitBound, Timekeeper.DATABASE);
    }

    /**
     * All statements, on that database.
     *
     * @param renewalBound how long the renewal of a lease may wait for its connection and for its answer
     * @param commitBound how long the commit of a handler's own transaction may wait for its answer
     * @param time by which events become due
     */
    public Store(Database database, Duration renewalBound, Duration commitBound, Timekeeper time) {
        this.database = database;
        UUID channel = UUID.randomUUID();
        this.schema = new Schema(database);
        this.flows = new Flows(database);
        this.counts = new Counts(database);
        FlowLimits limits = new FlowLimits(database, counts);
        this.appends = new Appends(database, limits, time);
        this.functionAppends = new FunctionAppends(database);
        this.retries = new Retries(database, limits);
        this.claims = new Claims(database, time);
        this.settlements = new Settlements(database, time);
        this.sweeps = new Sweeps(database);
        this.jointTransactions = new JointTransactions(database, settlements, commitBound);
        this.events = new Events(database);
        this.streams = new Streams(database);
        this.progressions = new Progressions(database);
        this.snapshots = new Snapshots(database, flows, events, progressions, counts);
        this.schedule = new Schedule(database, time);
        this.workers = new Workers(database, renewalBound, channel);
        this.sleepers = new Sleepers(database);
        this.notifications = new Notifications(database, renewalBound, channel);
        this.pauses = new Pauses(database);
        this.types = new Types(database);
    }

    /** From now on a call gives up at the first failure: the process ends. */
    public void closing() {
        database.closing();
    }

    /** From now on every call is refused with an {@link IllegalStateException}: all is over. */
    public void closed() {
        database.closed();
    }

    /** Breaks off every statement under way but those in callers' own transactions. */
    public void breakOff() {
        database.breakOff();
    }

    /** The schema's version. */
    public Schema schema() {
        return schema;
    }

    /** Flows and lanes. */
    public Flows flows() {
        return flows;
    }

    /** The way in. */
    public Appends appends() {
        return appends;
    }

    /** The way in for who may not write events itself. */
    public FunctionAppends functionAppends() {
        return functionAppends;
    }

    /** Whether events are appended by function, because the role may not write them itself. */
    public boolean appendsByFunction() {
        return !database.access().writes();
    }

    /**
     * Refuses what only a role that reads can do, where the background would be refused in vain for ever.
     *
     * @param what it is, for the message
     * @throws dev.millrace.event.ConfigurationException if the role may not read
     */
    public void requireReading(String what) {
        if (!database.access().reads()) {
            throw Roles.needed(what, null);
        }
    }

    /** The way in once more, and the history that leads there. */
    public Retries retries() {
        return retries;
    }

    /** From pending to processing. */
    public Claims claims() {
        return claims;
    }

    /** From processing on. */
    public Settlements settlements() {
        return settlements;
    }

    /** From pending or processing to an end, many at once. */
    public Sweeps sweeps() {
        return sweeps;
    }

    /** From processing on, together with the handler's own writes. */
    public JointTransactions jointTransactions() {
        return jointTransactions;
    }

    /** Reading and clean-up. */
    public Events events() {
        return events;
    }

    /** What streaming events emit. */
    public Streams streams() {
        return streams;
    }

    /** Users' own progressions. */
    public Progressions progressions() {
        return progressions;
    }

    /** Whole flows. */
    public Snapshots snapshots() {
        return snapshots;
    }

    /** What is not due yet. */
    public Schedule schedule() {
        return schedule;
    }

    /** Exact counts by status. */
    public Counts counts() {
        return counts;
    }

    /** Registrations. */
    public Workers workers() {
        return workers;
    }

    /** Who waits to be notified. */
    public Sleepers sleepers() {
        return sleepers;
    }

    /** Flows that are paused. */
    public Pauses pauses() {
        return pauses;
    }

    /** What waits although its type is not known. */
    public Types types() {
        return types;
    }

    /** Hearing of it. */
    public Notifications notifications() {
        return notifications;
    }
}
