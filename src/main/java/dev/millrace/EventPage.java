package dev.millrace;

import dev.millrace.event.Event;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of a progression.
 *
 * @param events in the progression's order
 * @param next where the following page starts; null at the end
 */
public record EventPage<T>(List<Event<T>> events, @Nullable String next) {}
