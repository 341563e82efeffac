package dev.millrace.work;

import dev.millrace.event.Event;
import java.time.Duration;

/**
 * Decides whether an event may run now: rate limits, quotas, switches. Asked once for each claim, best priority first. It
 * grants, has the event wait, or denies it; see {@link Permission} for which to use when, since a third denial aborts. A check
 * that throws or hangs harms only the event it was asked about: that event comes back later. Must be thread-safe.
 *
 * @param <T> the payload's type
 */
@FunctionalInterface
public interface PermissionCheck<T> {
    /**
     * Answers for one event.
     *
     * @throws Exception to say that no answer can be given now; not a strike
     */
    Permission request(Event<? extends T> event) throws Exception;

    /**
     * How many of {@code wanted} events would be granted at this moment, whichever they are. A check that does not
     * depend on the event says so here, so that no events are claimed only to be put back.
     */
    default int available(int wanted) {
        return wanted;
    }

    /** How long until {@link #available} is above zero; zero if it is. */
    default Duration untilAvailable() {
        return Duration.ZERO;
    }

    /** A check that grants everything, at no cost. */
    static PermissionCheck<Object> always() {
        return Always.ALWAYS;
    }

    /** Grants everything. */
    enum Always implements PermissionCheck<Object> {
        /** The one value. */
        ALWAYS;

        @Override
        public Permission request(Event<?> event) {
            return Permission.granted();
        }
    }
}
