package dev.millrace;

import dev.millrace.event.Event;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of a progression.
 *
 * @param events those that can be read, in the progression's order
 * @param unreadable those of the same stretch that this executor cannot read, in the same order; none as a rule
 * @param next where the following page starts; null at the end
 */
public record EventPage<T>(
        List<Event<T>> events,
        List<UnreadableEvent> unreadable,
        @Nullable String next) {}
