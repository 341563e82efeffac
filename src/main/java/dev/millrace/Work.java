package dev.millrace;

import dev.millrace.event.ConfigurationException;
import dev.millrace.process.DutyLoop;
import dev.millrace.process.Gate;
import dev.millrace.process.Handlers;
import dev.millrace.process.Processor;
import dev.millrace.process.Runs;
import dev.millrace.process.Settings;
import dev.millrace.process.Sleeper;
import dev.millrace.store.Moved;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** The running side of one executor: its processor and the loop that drives it. Thread-safe. */
final class Work<T> {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    /** Once the queue is empty the loop looks again after 1, 2, 4, 8 and 16 ms before it sleeps. */
    private static final Duration FIRST_PAUSE = Duration.ofMillis(1);

    private static final int SOON = 5;

    private final Millrace millrace;
    private final String flowName;
    private final Handlers<T> handlers;
    private final Runs<T> runs;
    private final Processor<T> processor;
    private final Sleeper sleeper;
    private final DutyLoop loop;
    private volatile boolean started;

    Work(Millrace millrace, dev.millrace.store.FlowRow flow, Settings settings, Handlers<T> handlers, Codec<T> codec) {
        this.millrace = millrace;
        this.flowName = flow.name();
        this.handlers = handlers;
        this.runs = new Runs<>(
                millrace.worker(),
                millrace.store().claims(),
                codec::event,
                handlers,
                id -> millrace.waiters().hint(flow.id(), id),
                this::wake);
        var source = new Processor.Source(flow.id(), List.copyOf(codec.lanes().values()));
        var gate = new Gate<T>(handlers.permission(), settings.permissionTimeout());
        this.sleeper = millrace.sleeper(flow.id(), new Sleeper.Looks(FIRST_PAUSE, SOON, settings.pollInterval()));
        this.processor = new Processor<>(
                settings, millrace.store().claims(), source, gate, runs, millrace.worker(), this::wake, sleeper);
        millrace.stops().add(flow.id(), runs, this::wake);
        this.loop = new DutyLoop(
                "executor-" + flow.id(), processor::cycle, millrace.worker().troubles(), processor::cycleEnds);
    }

    /** Registers the worker; runs nothing yet. */
    void start() {
        if (!handlers.canRun()) {
            throw new ConfigurationException(
                    "executor '%s' has no handler: it can append and query, not run; build it with handler(…)"
                            .formatted(flowName));
        }
        millrace.startWorking();
        started = true;
    }

    /** One batch; nothing before {@link #start}. */
    int forward() throws InterruptedException {
        return started ? processor.forward() : 0;
    }

    /** Starts the background loop. */
    void execute() {
        start();
        loop.start();
    }

    /** Asks the loop to end; what runs goes on. */
    void stop() {
        loop.stop();
    }

    boolean isExecuting() {
        return loop.isRunning();
    }

    void wake() {
        sleeper.stir();
        loop.wake();
    }

    /** As {@link #wake}, because of a notification. */
    void alarm() {
        sleeper.alarm();
        loop.wake();
    }

    boolean invoke(UUID id, boolean early) throws InterruptedException {
        start();
        return processor.invoke(id, early);
    }

    /** Waits until nothing is due and nothing runs here; while no loop does, runs batches itself if it can. */
    boolean join(Duration patience) throws InterruptedException {
        Duration time = patience.compareTo(Processor.FOREVER) > 0 ? Processor.FOREVER : patience;
        long end = System.nanoTime() + time.toNanos();
        while (true) {
            if (!loop.isRunning() && handlers.canRun()) {
                start();
                processor.forward(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
            }
            if (runs.awaitNone(LOOK_AGAIN) && processor.isIdle()) {
                return true;
            }
            if (System.nanoTime() - end >= 0) {
                return false;
            }
            runs.awaitNone(LOOK_AGAIN);
            Thread.sleep(LOOK_AGAIN);
        }
    }

    /** The loop that claims. */
    DutyLoop loop() {
        return loop;
    }

    /** An event of the flow was moved by another than the worker that had it. */
    void moved(Moved event) {
        handlers.moves().moved(event);
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
