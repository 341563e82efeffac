package dev.millrace;

import dev.millrace.event.EventTypes;
import dev.millrace.event.EventTypesBuilder;
import dev.millrace.event.Names;
import dev.millrace.event.StatusMove;
import dev.millrace.process.Denials;
import dev.millrace.process.FailureSettings;
import dev.millrace.process.HandlerLog;
import dev.millrace.process.Handlers;
import dev.millrace.process.Moves;
import dev.millrace.process.Settings;
import dev.millrace.process.UndecodableLimit;
import dev.millrace.store.FlowRow;
import dev.millrace.work.Handler;
import dev.millrace.work.PermissionCheck;
import dev.millrace.work.RateLimit;
import dev.millrace.work.RetryPolicy;
import dev.millrace.work.StreamHandler;
import dev.millrace.work.VoidHandler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/**
 * Configures an {@link Executor}. Bounds are checked in {@link #build}, naming the setting and its bounds. Confined to one
 * thread.
 *
 * @param <T> the payload's type
 */
public final class ExecutorBuilder<T> {
    private final Millrace millrace;
    private final String flow;
    private final EventTypesBuilder types = EventTypes.builder();
    private int queueCapacity = Settings.DEFAULT.queueCapacity();
    private @Nullable Duration capacityRefreshTime;
    private int concurrencyLimit = Settings.DEFAULT.concurrencyLimit();
    private int prefetch = Settings.DEFAULT.prefetch();
    private int maxDenials = Denials.DEFAULT.most();
    private Duration denialBackOff = Denials.DEFAULT.backOff();
    private int maxPermissionErrors = Settings.DEFAULT.maxPermissionErrors();
    private Duration permissionTimeout = Settings.DEFAULT.permissionTimeout();
    private Duration pollInterval = Settings.DEFAULT.pollInterval();
    private Duration undecodableWithin = Settings.DEFAULT.undecodable().within();
    private int undecodableTries = Settings.DEFAULT.undecodable().tries();
    private @Nullable Integer maxQueueSize;
    private @Nullable Handler<? super T> handler;
    private @Nullable StreamHandler<? super T> streamHandler;
    private PermissionCheck<? super T> permission = PermissionCheck.always();
    private RetryPolicy retry = RetryPolicy.none();
    private Level failureLevel = FailureSettings.DEFAULT.level();
    private int failureFrames = FailureSettings.DEFAULT.frames();
    private int storedTrace = FailureSettings.DEFAULT.storedTrace();
    private final List<Consumer<? super StatusMove>> listeners = new ArrayList<>();

    ExecutorBuilder(Millrace millrace, String flow, Class<T> payloadType) {
        this.millrace = millrace;
        this.flow = Objects.requireNonNull(flow, "flow");
        types.base(Objects.requireNonNull(payloadType, "payloadType"));
    }

    /** Events in one batch, 1 to 10,000; default 100. */
    public ExecutorBuilder<T> queueCapacity(int events) {
        this.queueCapacity = events;
        return this;
    }

    /** The time between batches of the background loop, 10 ms to 1 h; by default it refills slots as they come free. */
    public ExecutorBuilder<T> capacityRefreshTime(Duration time) {
        this.capacityRefreshTime = Objects.requireNonNull(time, "capacityRefreshTime");
        return this;
    }

    /** Events that run at once in this process, 1 to 100,000; default 100. */
    public ExecutorBuilder<T> concurrencyLimit(int events) {
        this.concurrencyLimit = events;
        return this;
    }

    /**
     * Events this process holds at most beyond those that may run at once: claimed ahead, or handled and not settled yet; 0 to
     * 10,000, default 2,000. The background loop holds no more than its handlers end in 50 ms, so slow ones get next to none; what
     * is claimed ahead is not overtaken by something more urgent, and if the process dies it counts as having been with it. With
     * a permission check or a capacity refresh time nothing is claimed ahead.
     */
    public ExecutorBuilder<T> prefetch(int events) {
        this.prefetch = events;
        return this;
    }

    /**
     * Pending events the flow may hold, for everybody who appends; by default as many as come. Kept with the flow. A login that may only
     * append cannot set it: {@link #build} then refuses, unless the login may read and finds that number set.
     */
    public ExecutorBuilder<T> maxQueueSize(int events) {
        this.maxQueueSize = events;
        return this;
    }

    /** Denials that abort an event, 1 to 1,000; default 3. They are spaced: see {@link #denialBackOff}. */
    public ExecutorBuilder<T> maxDenials(int denials) {
        this.maxDenials = denials;
        return this;
    }

    /**
     * The least time between the first denial of an event and the next request for it, 0 s to 1 h; default 20 s. It doubles with
     * each further denial, up to an hour. A random part of up to the same length is added, so that events that were denied
     * together do not come back together. With the defaults the third denial, which aborts, comes a minute after the first or
     * later. Zero asks again at once, as the model has it: then an event that is denied three times is aborted within milliseconds.
     */
    public ExecutorBuilder<T> denialBackOff(Duration first) {
        this.denialBackOff = Objects.requireNonNull(first, "denialBackOff");
        return this;
    }

    /**
     * Failed permission checks in a row that abort an event, 1 to 1,000; default 20. The pauses between them double from 100 ms to
     * 10 min, so that with the default a check gives no answer for more than an hour before an event is lost to it.
     */
    public ExecutorBuilder<T> maxPermissionErrors(int errors) {
        this.maxPermissionErrors = errors;
        return this;
    }

    /** How long a permission check may take, 10 ms to 10 min; default 5 s. */
    public ExecutorBuilder<T> permissionTimeout(Duration time) {
        this.permissionTimeout = Objects.requireNonNull(time, "permissionTimeout");
        return this;
    }

    /** The mean time between looks at an empty queue, 10 ms to 10 min; default 200 ms. Appends here are seen at once. */
    public ExecutorBuilder<T> pollInterval(Duration time) {
        this.pollInterval = Objects.requireNonNull(time, "pollInterval");
        return this;
    }

    /**
     * How long an event whose payload this worker cannot read is left for workers that can, as newer ones can during a rolling
     * deploy; by default an hour or 20 tries. Each worker that claims the event counts as a try, and puts it off: by 1 s at first,
     * by twice as much each time, by 5 min at most. That is no failure, so {@link #retry} is not asked. What comes first fails the
     * event.
     *
     * @param within since the first try, by the database's clock: 0 s to 365 days; 0 s fails the event at once
     * @param tries since a worker last could read it: 1 to 1,000; 1 fails the event at once
     */
    public ExecutorBuilder<T> undecodable(Duration within, int tries) {
        this.undecodableWithin = Objects.requireNonNull(within, "undecodable: within");
        this.undecodableTries = tries;
        return this;
    }

    /** Decides whether an event may run now; by default all may. */
    public ExecutorBuilder<T> permission(PermissionCheck<? super T> check) {
        this.permission = Objects.requireNonNull(check, "permission");
        return this;
    }

    /** Whether failed events run again by themselves; by default they do not. */
    public ExecutorBuilder<T> retry(RetryPolicy policy) {
        this.retry = Objects.requireNonNull(policy, "retry");
        return this;
    }

    /**
     * How each failed attempt stands in the log {@code dev.millrace.failures}: one line and the stack trace, without the payload. To
     * switch it off, switch off that logger.
     *
     * @param level of the line; default {@link Level#WARN}
     * @param frames of each stack trace at most, 0 for none to 10,000; default 100
     */
    public ExecutorBuilder<T> failureLog(Level level, int frames) {
        this.failureLevel = Objects.requireNonNull(level, "level");
        this.failureFrames = frames;
        return this;
    }

    /**
     * How many bytes of an error that is stored may say where it came from, by causes and stack traces; 0 for neither to 32,768;
     * default 8,192. Whoever may read events, such as the role {@code millrace_read}, sees it.
     */
    public ExecutorBuilder<T> storedTrace(int bytes) {
        this.storedTrace = bytes;
        return this;
    }

    /**
     * Runs the events. Without one the executor only appends, queries and waits. For code that answers nothing there is
     * {@link #voidHandler}.
     */
    public ExecutorBuilder<T> handler(Handler<? super T> code) {
        this.handler = Objects.requireNonNull(code, "handler");
        return this;
    }

    /**
     * Runs the events by code that answers nothing: the response of each is null. As {@link #handler}, whose place it takes; it has a
     * name of its own because a lambda such as {@code (order, run) -> send(order)} would fit both.
     */
    public ExecutorBuilder<T> voidHandler(VoidHandler<? super T> code) {
        this.handler = answeringNull(Objects.requireNonNull(code, "voidHandler"));
        return this;
    }

    private static <S> Handler<S> answeringNull(VoidHandler<S> code) {
        return (payload, run) -> {
            code.handle(payload, run);
            return null;
        };
    }

    /** Runs the streaming events, and all of them if there is no {@link #handler}. */
    public ExecutorBuilder<T> streamHandler(StreamHandler<? super T> code) {
        this.streamHandler = Objects.requireNonNull(code, "streamHandler");
        return this;
    }

    /**
     * Hears of the status moves that this process makes in the flow, once they are committed: each claim of this executor and how it
     * ended, and what was skipped or cancelled while it was pending, or taken back from a dead worker; may be called for several. Each
     * is called on a virtual thread of its own, one move at a time, and holds up nothing. A claim is told before its own end;
     * but of an event that goes back and is claimed again at once, the next claim may be told before the return: see
     * {@link StatusMove#attempt}. What it throws is logged, once a second at most. While 10,000 moves wait for it, further
     * ones are dropped: see {@link Executor#droppedMoves}. Not told: what others do,
     * another process or SQL, but for the cancelling of an event that runs here.
     */
    public ExecutorBuilder<T> listener(Consumer<? super StatusMove> code) {
        listeners.add(Objects.requireNonNull(code, "listener"));
        return this;
    }

    /**
     * Registers one more payload class under its own name, beside the builder's class; a class that is not given is never
     * loaded. To accept only some of what a sealed class permits, make the registry strict.
     */
    public ExecutorBuilder<T> register(Class<? extends T> type) {
        types.register(Objects.requireNonNull(type, "type"));
        return this;
    }

    /**
     * Registers a payload class under a name of the caller's. The builder's own class may be given so: then it has the names
     * given, not its own as well. Given again with another name, a class has both: it is appended under the first and run
     * under all, such as old events of {@code send-email} as {@code send-mail}.
     */
    public ExecutorBuilder<T> register(String name, Class<? extends T> type) {
        types.register(Objects.requireNonNull(name, "name"), Objects.requireNonNull(type, "type"));
        return this;
    }

    /**
     * Names what a sealed type permits for fields of that type, each class by its {@link dev.millrace.event.EventType} or its
     * simple name in kebab-case; the name stands in the property {@code @type}. No such name is needed for a class that is
     * registered as a payload or has the annotation.
     */
    public ExecutorBuilder<T> registerNested(Class<?> type) {
        types.registerNested(Objects.requireNonNull(type, "type"));
        return this;
    }

    /** As {@link #registerNested(Class)}, one class under a name of the caller's; of several the first is written, all are read. */
    public ExecutorBuilder<T> registerNested(String name, Class<?> type) {
        types.registerNested(Objects.requireNonNull(name, "name"), Objects.requireNonNull(type, "type"));
        return this;
    }

    /** Whether only the classes given themselves are accepted as payloads; by default they need not be exact. */
    public ExecutorBuilder<T> strictTypes(boolean strict) {
        types.strict(strict);
        return this;
    }

    /**
     * Checks everything, opens the flow, and registers the types.
     *
     * @throws IllegalArgumentException if a setting is out of bounds, or a payload class cannot be read back from JSON, naming the
     *     path to what cannot
     */
    public Executor<T> build() {
        Names.check("flow name", flow);
        var failures = new FailureSettings(failureLevel, failureFrames, storedTrace);
        Settings settings = new Settings(
                queueCapacity,
                capacityRefreshTime,
                concurrencyLimit,
                prefetch,
                new Denials(maxDenials, denialBackOff),
                maxPermissionErrors,
                permissionTimeout,
                pollInterval,
                new UndecodableLimit(
                        undecodableWithin, undecodableTries, millrace.settings().maxCrashes()));
        if (maxQueueSize != null && maxQueueSize < 1) {
            throw new IllegalArgumentException(
                    "maxQueueSize must be 1 to %d, got %d".formatted(Integer.MAX_VALUE, maxQueueSize));
        }
        EventTypes known = types.build(millrace.settings().json());
        FlowRow row = millrace.store().flows().open(flow);
        if (maxQueueSize != null) {
            row = millrace.store().flows().limited(row, maxQueueSize);
        }
        var lanes = millrace.store().flows().lanes(row.id(), known.names());
        var codec = new Codec<T>(known, lanes, millrace.settings().payloadCap());
        InstantSource clock = millrace.settings().clock();
        if (clock != null && permission instanceof RateLimit rateLimit) {
            rateLimit.follow(clock);
        }
        var moves = new Moves(flow, listeners);
        var handlers = new Handlers<T>(
                handler,
                streamHandler,
                permission,
                retry,
                moves,
                new HandlerLog(flow, failures),
                storedTrace,
                known.json(),
                millrace.settings().responseCap());
        var work = new Work<>(millrace, row, settings, handlers, codec);
        if (!moves.isSilent()) {
            millrace.roster().add(work);
        }
        return new Executor<>(millrace, row, codec, work);
    }
}
