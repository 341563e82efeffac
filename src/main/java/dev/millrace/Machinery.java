package dev.millrace;

import dev.millrace.maintain.CountFolder;
import dev.millrace.maintain.Promoter;
import dev.millrace.maintain.Rescuer;
import dev.millrace.maintain.UnknownTypes;
import dev.millrace.process.Books;
import dev.millrace.process.Brake;
import dev.millrace.process.DutyLoop;
import dev.millrace.process.Forgotten;
import dev.millrace.process.Hands;
import dev.millrace.process.IdleWatch;
import dev.millrace.process.LateResults;
import dev.millrace.process.Lease;
import dev.millrace.process.Listener;
import dev.millrace.process.Orders;
import dev.millrace.process.Repertoire;
import dev.millrace.process.Settler;
import dev.millrace.process.Sleeper;
import dev.millrace.process.Stops;
import dev.millrace.process.Suspects;
import dev.millrace.process.Troubles;
import dev.millrace.process.Worker;
import dev.millrace.store.Database;
import dev.millrace.store.Moved;
import dev.millrace.store.PayloadMemory;
import dev.millrace.store.Sleepers;
import dev.millrace.store.Store;
import dev.millrace.store.Timekeeper;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Consumer;
import javax.sql.DataSource;

/** What makes this process a worker: its place among the workers, and the loops that its executors share. Thread-safe. */
final class Machinery {
    private static final Duration PROMOTE_INTERVAL = Duration.ofMillis(100);

    /** The shortest time after which an answer to the background work is given up; else it is the lease's length. */
    private static final Duration LEAST_WORK_BOUND = Duration.ofSeconds(5);

    private final Store store;
    private final Worker worker;
    private final LateResults lateResults;
    private final ScheduledThreadPoolExecutor clocks;
    private final DutyLoop rescuer;
    private final DutyLoop promoter;
    private final DutyLoop countFolder;
    private final Repertoire repertoire;
    private final DutyLoop unknownTypes;
    private final Listener listener;
    private final Stops stops;
    private final Orders orders;
    private final boolean listens;
    private final Sleeper promotersSleep;
    private final IdleWatch idleWatch;
    private final Hands hands;
    private final KeepAlive keepAlive;
    private final Waiters waiters;
    private final Followers followers;
    private boolean started; // guarded by this

    /** Whom it tells of what. */
    interface Owner {
        /** A flow got something to do. */
        void wakeFlow(int flow);

        /** As {@link #wakeFlow}, because of so many notifications. */
        void alarm(int flow, int times);

        /** A chore moved an event of some flow. */
        void moved(Moved event);

        /** This JVM is not to be trusted any more. */
        void stopForGood(Throwable error);
    }

    Machinery(MillraceBuilder settings, DataSource dataSource, Owner owner) {
        Duration length = settings.lease();
        Duration workBound = length.compareTo(LEAST_WORK_BOUND) < 0 ? LEAST_WORK_BOUND : length;
        var database = new Database(dataSource, settings.schema(), settings.patience(), workBound);
        Timekeeper time = Timekeeper.of(settings.clock());
        this.store = new Store(database, length.dividedBy(3), workBound, time);
        Consumer<Throwable> whenFatal = owner::stopForGood;
        Troubles troubles = new Troubles(whenFatal);
        this.lateResults = new LateResults(store.settlements(), settings.lateResultListener());
        Books books = new Books();
        Lease lease = new Lease(store.workers(), length, this::hears, () -> leaseLost(books), troubles);
        database.whenMoved(lease::moved);
        this.repertoire = new Repertoire(lease::renewSoon);
        store.workers().runs(() -> repertoire.contents().lanes());
        this.idleWatch = new IdleWatch(store.sleepers(), this::hearing, lease::safeWorker, troubles);
        this.clocks = new ScheduledThreadPoolExecutor(1, Threads.daemons("millrace-clock-"));
        clocks.setRemoveOnCancelPolicy(true);
        this.hands = new Hands(clocks);
        this.keepAlive = new KeepAlive(settings.keepAlive(), books);
        this.worker = new Worker(
                lease,
                books,
                new Suspects(),
                new Settler(store.settlements(), lease::isSafe, lateResults, troubles),
                store.jointTransactions(),
                new Forgotten(store.claims(), lease, books, troubles),
                new Brake(),
                clocks,
                troubles,
                new PayloadMemory(settings.payloadMemory()),
                time);
        var rescue = new Rescuer(store.workers(), lease::safeWorker, length, settings.maxCrashes(), rescued -> {
            idleWatch.lookAtAll();
            rescued.events().forEach(owner::moved);
        });
        this.listener = new Listener(store.notifications(), new Switchboard(owner), troubles);
        this.stops = new Stops(store.pauses());
        this.orders = new Orders(store.settlements(), books, stops, listener::hearing, troubles);
        this.listens = settings.listens();
        this.promotersSleep = new Sleeper(
                Sleepers.SCHEDULE,
                store.sleepers(),
                listener::hearing,
                lease::safeWorker,
                new Sleeper.Looks(PROMOTE_INTERVAL, 1, PROMOTE_INTERVAL));
        var promotion =
                new Promoter(store.schedule(), PROMOTE_INTERVAL, new PromotersRest(), owner::wakeFlow, owner::moved);
        this.rescuer = new DutyLoop("rescuer", rescue::cycle, troubles);
        this.promoter = new DutyLoop("promoter", promotion::cycle, troubles);
        this.countFolder = new DutyLoop("counts", new CountFolder(store.counts())::cycle, troubles);
        var unknown = new UnknownTypes(
                store.types(),
                () -> repertoire.contents().flows(),
                () -> repertoire.contents().lanes());
        this.unknownTypes = new DutyLoop("types", unknown::cycle, troubles);
        this.waiters = new Waiters(store.events(), troubles);
        this.followers = new Followers(store.streams(), troubles);
    }

    private long hearing() {
        return listener.hearing();
    }

    private boolean hears() {
        return hearing() != 0;
    }

    private void leaseLost(Books books) {
        books.abandonAll();
        idleWatch.lookAtAll(); // whoever sleeps was declared by the registration that is gone
    }

    /** Hands on what the listener hears. */
    private final class Switchboard implements Listener.Alarms {
        private final Owner owner;

        Switchboard(Owner owner) {
            this.owner = owner;
        }

        @Override
        public void alarm(int flow, int times) {
            if (flow == Sleepers.SCHEDULE) {
                promotersSleep.alarm(times);
                promoter.wake();
            } else {
                owner.alarm(flow, times);
            }
        }

        @Override
        public void cancelled(UUID event) {
            orders.cancelled(event);
        }

        @Override
        public void pauseChanged(int flow) {
            orders.pauseChanged(flow);
        }

        @Override
        public void hearingChanged() {
            promoter.wake();
            idleWatch.lookAtAll();
        }
    }

    private final class PromotersRest implements Promoter.Rest {
        @Override
        public Duration busy(Duration untilNext) {
            return worker.time().pause(promotersSleep.busy(untilNext));
        }

        @Override
        public Duration nothing() {
            return worker.time().pause(promotersSleep.nothing());
        }
    }

    /** Registers the worker and starts the loops, unless that has been done. */
    synchronized void start() {
        if (!started) {
            worker.lease().start();
            worker.settler().loop().start();
            worker.forgotten().loop().start();
            rescuer.start();
            promoter.start();
            countFolder.start();
            unknownTypes.start();
            orders.loop().start();
            idleWatch.loop().start();
            if (listens) {
                listener.loop().start();
            }
            started = true;
        }
    }

    /** Whether the worker was registered. */
    synchronized boolean hasStarted() {
        return started;
    }

    /** The loops that have nothing to do any more once this process stops. */
    List<DutyLoop> chores() {
        return List.of(
                rescuer,
                promoter,
                countFolder,
                unknownTypes,
                worker.forgotten().loop(),
                waiters.loop(),
                followers.loop(),
                listener.loop(),
                idleWatch.loop(),
                orders.loop());
    }

    /** Asks all of them to end. */
    void stopChores() {
        chores().forEach(DutyLoop::stop);
        listener.stop();
    }

    Store store() {
        return store;
    }

    Worker worker() {
        return worker;
    }

    /** Looks for the executors that have nothing to do. */
    IdleWatch idleWatch() {
        return idleWatch;
    }

    /** The threads of the executors' loops. */
    Hands hands() {
        return hands;
    }

    /** Keeps the JVM alive while an executor executes. */
    KeepAlive keepAlive() {
        return keepAlive;
    }

    Waiters waiters() {
        return waiters;
    }

    /** What keeps executors of paused flows from starting anything. */
    Stops stops() {
        return stops;
    }

    /** The lanes of the executors that are started here. */
    Repertoire repertoire() {
        return repertoire;
    }

    /** What others have ordered. */
    Orders orders() {
        return orders;
    }

    Followers followers() {
        return followers;
    }

    LateResults lateResults() {
        return lateResults;
    }

    ScheduledThreadPoolExecutor clocks() {
        return clocks;
    }
}
