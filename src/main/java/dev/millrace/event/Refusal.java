package dev.millrace.event;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;

/**
 * Why a value cannot be stored, and where in it. An {@link IOException}, because Jackson lets those through as they
 * are; it never leaves this package.
 */
final class Refusal extends IOException {
    private static final long serialVersionUID = 1L;

    /** The closed set of reasons, whose names programs find in the details of a {@link ValidationException}. */
    enum Reason {
        NUL("the text contains NUL (U+0000), which PostgreSQL cannot hold; remove it, or send the bytes as byte[]"),
        SURROGATE("the text contains a surrogate without its other half, which is no character; remove it, or send the"
                + " bytes as byte[]"),
        NOT_FINITE("JSON has no NaN and no Infinity; use null or a text"),
        NUMBER_TOO_LONG("the number has more than " + Json.MAX_NUMBER_DIGITS + " digits; send it as a text"),
        TOO_DEEP("the value is nested deeper than " + Json.MAX_PAYLOAD_NESTING
                + " levels, or refers to itself; flatten it"),
        NAME_TOO_LONG("the key has more than " + Json.MAX_KEY_LENGTH + " characters; use a shorter one"),
        RAW("a serializer writes raw JSON that cannot be checked; let it write values"),
        UNWRITABLE("Jackson cannot write it"),
        TOO_MANY_VALUES("it has more values than one jsonb document can hold; split it"),
        TOO_LARGE("its JSON is too large"),
        RESERVED("Millrace itself writes the keys original, root and attempt; use another key");

        private final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    private final Reason reason;
    private final String path;

    Refusal(Reason reason, String path) {
        this(reason, path, reason.text);
    }

    Refusal(Reason reason, String path, String message) {
        super(message);
        this.reason = reason;
        this.path = path;
    }

    static Refusal tooLarge(int capBytes) {
        return new Refusal(
                Reason.TOO_LARGE,
                JsonPath.ROOT,
                "its JSON takes more than the cap of %d bytes; make it smaller, store the bulk elsewhere and append a reference to it, or raise the cap (at most %d)"
                        .formatted(capBytes, Payloads.MAX_CAP_BYTES));
    }

    Reason reason() {
        return reason;
    }

    /** Where in the value it is. */
    String path() {
        return path;
    }

    /** The error for the caller. */
    ValidationException of(String what) {
        return new ValidationException(
                what + " refused at " + path + ": " + getMessage(),
                Map.of("path", path, "reason", reason.name().toLowerCase(Locale.ROOT)));
    }
}
