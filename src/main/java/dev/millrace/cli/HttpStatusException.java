package dev.millrace.cli;

import dev.millrace.event.MillraceException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A server answered with status 400 or above. Its details hold the status and the start of the body. */
final class HttpStatusException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** Request Timeout, Too Early, Too Many Requests: the same call may succeed later. */
    private static final Set<Integer> RETRYABLE_CLIENT_ERRORS = Set.of(408, 425, 429);

    private static final int SHOWN_OF_BODY = 200;
    private static final int KEPT_OF_BODY = 6000;
    private static final int MOST_BYTES_OF_A_CHARACTER = 6;

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
        String head = call.label() + " answered " + answer.status();
        return shown.isEmpty() ? head : head + ": " + shown;
    }

    private static Map<String, Object> details(CallResult answer) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("status", answer.status());
        if (answer.contentType() != null) {
            details.put("contentType", answer.contentType());
        }
        String body = storable(answer.body());
        details.put("body", body);
        details.put(
                "truncated", answer.truncated() || body.length() < answer.body().length());
        return details;
    }

    /** The start of the body: the whole of the details would be dropped if they took more than 8 KiB as JSON. */
    private static String storable(String body) {
        int room = KEPT_OF_BODY;
        int end = 0;
        while (end < body.length()) {
            int point = body.codePointAt(end);
            room -= point >= ' ' && point < 0x7f && point != '"' && point != '\\' ? 1 : MOST_BYTES_OF_A_CHARACTER;
            if (room < 0) {
                return body.substring(0, end);
            }
            end += Character.charCount(point);
        }
        return body;
    }
}
