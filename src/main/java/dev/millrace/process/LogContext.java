package dev.millrace.process;

import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Says in the log's diagnostic context (MDC) of which event the application's code is called: {@code millrace.event},
 * {@code millrace.flow}, {@code millrace.type} and {@code millrace.attempt}, until {@link #restore}. Confined to one
 * thread.
 */
final class LogContext {
    private final @Nullable Map<String, String> before;

    /** What is null is not known, and absent meanwhile. */
    LogContext(UUID event, @Nullable String flow, @Nullable String type, int attempt) {
        before = MDC.getCopyOfContextMap(); // null on nearly every thread of ours: to put is the quickest then
        put("millrace.event", event.toString());
        put("millrace.flow", flow);
        put("millrace.type", type);
        put("millrace.attempt", Integer.toString(attempt));
    }

    /** Puts back what was there before. */
    void restore() {
        if (before == null) {
            MDC.clear();
        } else {
            MDC.setContextMap(before);
        }
    }

    private void put(String key, @Nullable String value) {
        if (value != null) {
            MDC.put(key, value);
        } else if (before != null) {
            MDC.remove(key);
        }
    }
}
