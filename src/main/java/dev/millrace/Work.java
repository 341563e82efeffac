package dev.millrace;

import dev.millrace.event.ConfigurationException;
import dev.millrace.event.UnknownType;
import dev.millrace.maintain.UnknownTypes;
import dev.millrace.process.DutyLoop;
import dev.millrace.process.Gate;
import dev.millrace.process.Handlers;
import dev.millrace.process.Idler;
import dev.millrace.process.Processor;
import dev.millrace.process.Runs;
import dev.millrace.process.Settings;
import dev.millrace.store.FlowRow;
import dev.millrace.store.Moved;
import dev.millrace.store.Schedule;
import dev.millrace.store.Types;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running side of one executor: its processor and the loop that drives it. Thread-safe. */
final class Work<T> {
    private static final Logger log = LoggerFactory.getLogger(Work.class);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    /** After the grace of a close, for giving back what still runs; what is not done by then goes on in the background. */
    private static final Duration FOR_ANSWERS = Duration.ofSeconds(1);

    private final Millrace millrace;
    private final FlowRow flow;
    private final Set<String> types;
    private final List<Integer> lanes;
    private final Map<Integer, String> typesByLane;
    private final Handlers<T> handlers;
    private final Runs<T> runs;
    private final Processor<T> processor;
    private final Idler idler;
    private final DutyLoop loop;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean started; // written under the lock, as the next is
    private volatile boolean closed;
    private volatile boolean executes; // set while the roster is looked at: nobody of a flow misses another
    private volatile boolean stopped; // the loop was, and nobody has asked for more since

    Work(Millrace millrace, FlowRow flow, Settings settings, Handlers<T> handlers, Codec<T> codec) {
        this.millrace = millrace;
        this.flow = flow;
        this.types = Set.copyOf(codec.lanes().keySet());
        this.lanes = List.copyOf(codec.lanes().values());
        this.typesByLane = codec.lanes().entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey, (one, other) -> one));
        this.handlers = handlers;
        this.runs = new Runs<>(
                millrace.worker(),
                millrace.store().claims(),
                codec::event,
                handlers,
                id -> millrace.waiters().hint(flow.id(), id),
                this::wake,
                settings.undecodable());
        var source = new Processor.Source(flow.id(), lanes);
        var gate = new Gate<T>(
                handlers.permission(),
                settings.permissionTimeout(),
                millrace.worker().clocks(),
                flow.name());
        this.idler = new Idler(millrace.idleWatch(), source.watched(), settings.pollInterval(), this::wake);
        this.processor = new Processor<>(
                settings, millrace.store().claims(), source, gate, runs, millrace.worker(), this::wake, idler);
        this.loop = new DutyLoop(
                "executor-" + flow.id(),
                processor::cycle,
                millrace.worker().troubles(),
                new Running(),
                millrace.hands());
    }

    /** Keeps the JVM alive while the loop runs. */
    private final class Running implements DutyLoop.Life {
        @Override
        public void begins() {
            millrace.keepAlive().begin();
        }

        @Override
        public void ends() {
            try {
                processor.cycleEnds();
            } finally {
                millrace.keepAlive().end();
            }
        }
    }

    /** Registers the worker, which knows these types until {@link #stop}; runs nothing yet. */
    void start() {
        open(false, true);
        stopped = false;
    }

    private void open(boolean executing, boolean known) {
        if (!handlers.canRun()) {
            throw new ConfigurationException(
                    "executor '%s' has no handler: it can append and query, not run; build it with handler(…)"
                            .formatted(flow.name()));
        }
        lock.lock();
        try {
            checkOpen();
            millrace.roster().addRunning(this, () -> executes = executes || executing);
            if (known) { // before the worker registers, so that a new registration says so at once
                millrace.repertoire().add(this, flow.id(), lanes);
            }
            if (!started) {
                millrace.stops().add(flow.id(), runs, this::wake);
                started = true;
            }
        } finally {
            lock.unlock();
        }
        millrace.startWorking(); // asks the database: a close must not wait for that
    }

    /**
     * Does nothing while it is open.
     *
     * @throws IllegalStateException if it or its Millrace is closed
     */
    void checkOpen() {
        millrace.requireOpen();
        if (closed) {
            throw new IllegalStateException(
                    "the executor of flow '%s' is closed; build another one".formatted(flow.name()));
        }
    }

    /** One batch; nothing before {@link #start}. */
    int forward() throws InterruptedException {
        checkOpen();
        if (!started) {
            return 0;
        }
        promoteByGivenClock();
        return processor.forward();
    }

    /** A test that has turned its clock need not wait for the background to notice. */
    private void promoteByGivenClock() {
        if (millrace.worker().time().isGiven()) {
            Schedule schedule = millrace.store().schedule();
            int promoted;
            do {
                promoted = schedule.promote().total();
            } while (promoted == Schedule.BATCH); // more may be due
        }
    }

    /** Starts the background loop. */
    void execute() {
        boolean begun = false;
        try {
            open(true, true);
            stopped = false;
            loop.start();
            begun = true;
        } finally {
            if (!begun && !loop.isRunning()) {
                executes = false;
            }
        }
        if (closed || millrace.isClosing()) { // meanwhile: the close may have found no loop to stop
            stop();
        }
    }

    /** Asks the loop to end; what runs goes on. */
    void stop() {
        millrace.repertoire().remove(this);
        executes = false;
        if (loop.stop()) {
            stopped = true;
        }
    }

    /** As {@link #stop()}, and waits until the loop has ended and nothing runs here; false if that takes longer. */
    boolean stop(Duration patience) throws InterruptedException {
        stop();
        return awaitStill(end(patience));
    }

    private static long end(Duration patience) {
        Duration time = patience.compareTo(Processor.FOREVER) > 0 ? Processor.FOREVER : patience;
        return System.nanoTime() + time.toNanos();
    }

    private static Duration until(long end) {
        return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    private boolean awaitStill(long end) throws InterruptedException {
        return loop.awaitStopped(until(end)) && runs.awaitNone(until(end));
    }

    boolean isExecuting() {
        return loop.isRunning();
    }

    void wake() {
        loop.wake();
    }

    /** As {@link #wake}, because of so many notifications. */
    void alarm(int times) {
        idler.alarm(times);
        loop.wake();
    }

    boolean invoke(UUID id, boolean early) throws InterruptedException {
        open(false, false);
        return processor.invoke(id, early);
    }

    /** As {@link #awaitIdle}; warns of what is due of types that no live worker knows. */
    boolean join(Duration patience) throws InterruptedException {
        boolean done = awaitIdle(patience);
        if (done) {
            millrace.store().types().unknown(List.of(flow.id()), lanes).forEach(UnknownTypes::say);
        }
        return done;
    }

    /** As {@link #awaitIdle}, and what is due of types that the executor does not know. */
    JoinReport joinReport(Duration patience) throws InterruptedException {
        return new JoinReport(awaitIdle(patience), unknownTypes());
    }

    List<UnknownType> unknownTypes() {
        checkOpen();
        return millrace.store().types().unknown(List.of(flow.id()), lanes).stream()
                .map(Types.Unknown::type)
                .toList();
    }

    /**
     * Waits until nothing is due and nothing runs here; while no loop does, runs batches itself if it can. Once the loop was
     * stopped it only waits for what runs here.
     */
    private boolean awaitIdle(Duration patience) throws InterruptedException {
        checkOpen();
        long end = end(patience);
        while (true) {
            boolean looping = loop.isRunning();
            if (!looping && stopped) {
                return awaitStill(end) && processor.isIdle(until(end));
            }
            if (!looping && handlers.canRun()) {
                open(false, false);
                processor.forward(until(end));
            }
            if (runs.awaitNone(LOOK_AGAIN) && processor.isIdle(until(end))) {
                return true;
            }
            if (System.nanoTime() - end >= 0) {
                return false;
            }
            runs.awaitNone(LOOK_AGAIN);
            Thread.sleep(LOOK_AGAIN);
        }
    }

    /**
     * Ends it for good: claims nothing more at once, waits so long for what runs, interrupts and gives back the rest. May be
     * called again, from any thread; a shorter grace counts. An interrupt ends the grace.
     */
    void close(Duration grace) {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        millrace.repertoire().remove(this);
        executes = false;
        loop.stop();
        runs.close();
        boolean interrupted = false;
        try {
            if (!awaitStill(end(grace)) && runs.count() > 0) {
                log.warn(
                        "flow={} events={} are interrupted and given back: the grace is over",
                        flow.name(),
                        runs.count());
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        runs.giveBackAll();
        try {
            if (!awaitStill(end(FOR_ANSWERS))) {
                log.warn(
                        "flow={} its executor is closed, and {} of its events are not settled yet",
                        flow.name(),
                        runs.count());
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        millrace.stops().remove(runs);
        millrace.roster().remove(this);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The loop that claims. */
    DutyLoop loop() {
        return loop;
    }

    /** The flow's number. */
    int flow() {
        return flow.id();
    }

    /** The flow's name. */
    String flowName() {
        return flow.name();
    }

    /** The types it knows. */
    Set<String> types() {
        return types;
    }

    /** Whether its loop runs, or is about to. */
    boolean executes() {
        return executes;
    }

    /** Whether both have the same code for their events. */
    boolean handlesLike(Work<?> other) {
        return handlers.sameCode(other.handlers);
    }

    /** An event of the flow was moved by another than the worker that had it. */
    void moved(Moved event) {
        handlers.moves().moved(event, typesByLane.get(Math.abs(event.lane())));
    }

    /** How many moves listeners were not told of. */
    long droppedMoves() {
        return handlers.moves().dropped();
    }

    /** How many handlers go on after their events were ended in their stead. */
    int leaked() {
        return runs.leaked();
    }

    /** Whether that are so many that nothing is claimed. */
    boolean isStuck() {
        return processor.isStuck();
    }
}
