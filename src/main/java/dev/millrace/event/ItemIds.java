package dev.millrace.event;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads ids out of what callers hold: an event, a UUID, or a UUID's text. Stateless. */
final class ItemIds {
    private ItemIds() {}

    /** The id that {@code item} is or has; null for anything that has none. Never throws. */
    static @Nullable UUID of(@Nullable Object item) {
        return switch (item) {
            case null -> null;
            case UUID id -> id;
            case Event<?> event -> event.id();
            case String text -> parseOrNull(text);
            default -> null;
        };
    }

    /**
     * The UUID written as 32 hexadecimal digits in five groups.
     *
     * @throws IllegalArgumentException if {@code text} is anything else
     */
    static UUID parse(String text) {
        UUID id = parseOrNull(text);
        if (id == null) {
            throw new IllegalArgumentException("badly formed hexadecimal UUID string: " + Texts.quoted(text));
        }
        return id;
    }

    static @Nullable UUID parseOrNull(String text) {
        try {
            UUID id = UUID.fromString(text);
            return id.toString().equalsIgnoreCase(text) ? id : null; // the JDK also takes "1-1-1-1-1"
        } catch (IllegalArgumentException e) {
            return null; // the JDK has no other way to say so
        }
    }
}
