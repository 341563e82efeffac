package dev.millrace;

import dev.millrace.event.EventTypes;
import dev.millrace.event.EventTypesBuilder;
import dev.millrace.event.Names;
import dev.millrace.event.StatusMove;
import dev.millrace.process.Handlers;
import dev.millrace.process.Moves;
import dev.millrace.process.Settings;
import dev.millrace.store.FlowRow;
import dev.millrace.work.Handler;
import dev.millrace.work.PermissionCheck;
import dev.millrace.work.RetryPolicy;
import dev.millrace.work.StreamHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
    private int maxDenials = Settings.DEFAULT.maxDenials();
    private int maxPermissionErrors = Settings.DEFAULT.maxPermissionErrors();
    private Duration permissionTimeout = Settings.DEFAULT.permissionTimeout();
    private Duration pollInterval = Settings.DEFAULT.pollInterval();
    private @Nullable Integer maxQueueSize;
    private @Nullable Handler<? super T> handler;
    private @Nullable StreamHandler<? super T> streamHandler;
    private PermissionCheck<? super T> permission = PermissionCheck.always();
    private RetryPolicy retry = RetryPolicy.none();
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

    /** Pending events the flow may hold, for everybody who appends; by default as many as come. */
    public ExecutorBuilder<T> maxQueueSize(int events) {
        this.maxQueueSize = events;
        return this;
    }

    /** Denials that abort an event, 1 to 1,000; default 3. */
    public ExecutorBuilder<T> maxDenials(int denials) {
        this.maxDenials = denials;
        return this;
    }

    /** Failed permission checks that abort an event, 1 to 1,000; default 10. */
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

    /** Runs the events. Without one the executor only appends, queries and waits. */
    public ExecutorBuilder<T> handler(Handler<? super T> code) {
        this.handler = Objects.requireNonNull(code, "handler");
        return this;
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
        Settings settings = new Settings(
                queueCapacity,
                capacityRefreshTime,
                concurrencyLimit,
                prefetch,
                maxDenials,
                maxPermissionErrors,
                permissionTimeout,
                pollInterval);
        if (maxQueueSize != null && maxQueueSize < 1) {
            throw new IllegalArgumentException("Max queue size must be >= 1.");
        }
        EventTypes known = types.build(millrace.settings().json());
        FlowRow row = millrace.store().flows().open(flow);
        if (maxQueueSize != null) {
            millrace.store().flows().limit(row.id(), maxQueueSize);
            row = millrace.store().flows().open(flow);
        }
        var lanes = millrace.store().flows().lanes(row.id(), known.names());
        var codec = new Codec<T>(known, lanes, millrace.settings().payloadCap());
        var moves = new Moves(flow, listeners);
        var handlers = new Handlers<T>(
                handler,
                streamHandler,
                permission,
                retry,
                moves,
                known.json(),
                millrace.settings().responseCap());
        var work = new Work<>(millrace, row, settings, handlers, codec);
        if (!moves.isSilent()) {
            millrace.roster().add(work);
        }
        return new Executor<>(millrace, row, codec, work);
    }
}
