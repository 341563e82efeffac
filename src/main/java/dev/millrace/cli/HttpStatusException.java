package dev.millrace.cli;

import dev.millrace.event.MillraceException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A server answered with status 400 or above. Its details hold the status and what was read of the body. */
final class HttpStatusException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** Request Timeout, Too Early, Too Many Requests: the same call may succeed later. */
    private static final Set<Integer> RETRYABLE_CLIENT_ERRORS = Set.of(408, 425, 429);

    private static final int SHOWN_OF_BODY = 200;

    /** The failure that {@code answer} is. */
    HttpStatusException(HttpCall call, CallResult answer) {
        super(message(call, answer), retryable(answer.status()), details(answer));
    }

    /** Whether the same call may be answered better later. */
    static boolean retryable(int status) {
        return status >= 500 || RETRYABLE_CLIENT_ERRORS.contains(status);
    }

    private static String message(HttpCall call, CallResult answer) {
        String shown = Text.printable(answer.body().strip(), SHOWN_OF_BODY);
        String head = call.method() + " " + Text.printable(call.url(), 200) + " answered " + answer.status();
        return shown.isEmpty() ? head : head + ": " + shown;
    }

    private static Map<String, Object> details(CallResult answer) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("status", answer.status());
        if (answer.contentType() != null) {
            details.put("contentType", answer.contentType());
        }
        details.put("body", answer.body());
        details.put("truncated", answer.truncated());
        return details;
    }
}
