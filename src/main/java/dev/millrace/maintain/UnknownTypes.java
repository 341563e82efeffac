package dev.millrace.maintain;

import dev.millrace.event.UnknownType;
import dev.millrace.store.Types;
import dev.millrace.store.Types.Unknown;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says once a minute which events are due in the flows of this worker although this worker does not know their types: as a warning
 * if no live worker knows the type. Confined to one thread.
 */
public final class UnknownTypes {
    /** Between two looks, and so between two lines about one type. */
    public static final Duration INTERVAL = Duration.ofMinutes(1);

    /** Before the first look, so that an application can start all its executors. */
    public static final Duration BEFORE_THE_FIRST = Duration.ofSeconds(5);

    private static final Logger log = LoggerFactory.getLogger(UnknownTypes.class);

    private final Types types;
    private final Supplier<Collection<Integer>> flows;
    private final Supplier<Collection<Integer>> lanes;
    private boolean begun;

    /**
     * @param flows the numbers of the flows whose executors are started in this process
     * @param lanes the numbers of the lanes that those executors know
     */
    public UnknownTypes(Types types, Supplier<Collection<Integer>> flows, Supplier<Collection<Integer>> lanes) {
        this.types = types;
        this.flows = flows;
        this.lanes = lanes;
    }

    /** Looks and says, from the second call on; returns how long to idle. */
    public Duration cycle() {
        if (!begun) {
            begun = true;
            return BEFORE_THE_FIRST;
        }
        Collection<Integer> mine = flows.get();
        if (!mine.isEmpty()) {
            types.unknownOnce(mine, lanes.get()).forEach(UnknownTypes::say);
        }
        return INTERVAL;
    }

    /** Writes one line about one type. */
    public static void say(Unknown unknown) {
        UnknownType type = unknown.type();
        String due = type.due() < UnknownType.MOST_COUNTED ? Long.toString(type.due()) : type.due() + " or more";
        if (type.workers() > 0 || unknown.unsure()) {
            log.debug(
                    "flow={} type={} due={} since={} workers={} this worker does not know the type, others do or may",
                    type.flow(),
                    type.type(),
                    due,
                    type.oldestDue(),
                    type.workers());
        } else {
            log.warn(
                    "flow={} type={} due={} since={} no live worker knows this type, so its events wait: start an executor of"
                            + " the flow that registers the type, or cancel the events",
                    type.flow(),
                    type.type(),
                    due,
                    type.oldestDue());
        }
    }
}
