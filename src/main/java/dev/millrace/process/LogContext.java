package dev.millrace.process;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Says in the log's diagnostic context (MDC) of which event the application's code is called: {@code millrace.event},
 * {@code millrace.flow}, {@code millrace.type} and {@code millrace.attempt}, until {@link #restore}. Confined to one
 * thread.
 */
final class LogContext {
    private static final List<String> KEYS =
            List.of("millrace.event", "millrace.flow", "millrace.type", "millrace.attempt");

    private final @Nullable String[] before = new @Nullable String[KEYS.size()];

    /** What is null is not known, and absent meanwhile. */
    LogContext(UUID event, @Nullable String flow, @Nullable String type, int attempt) {
        @Nullable String[] now = {event.toString(), flow, type, Integer.toString(attempt)};
        for (int i = 0; i < now.length; i++) {
            before[i] = MDC.get(KEYS.get(i));
            put(KEYS.get(i), now[i]);
        }
    }

    /** Puts back what was there before. */
    void restore() {
        for (int i = 0; i < before.length; i++) {
            put(KEYS.get(i), before[i]);
        }
    }

    private static void put(String key, @Nullable String value) {
        if (value == null) {
            MDC.remove(key);
        } else {
            MDC.put(key, value);
        }
    }
}
