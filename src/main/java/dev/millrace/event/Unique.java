package dev.millrace.event;

import java.util.Objects;

/**
 * The wish to be the only event of a flow with that key.
 *
 * @param key 1 to 200 characters, no control characters; two keys are the same if they are equal character by character
 * @param scope for how long the event holds it
 * @param onConflict what to do if another event holds it
 */
public record Unique(String key, UniqueScope scope, OnConflict onConflict) {
    /** The longest key, in code points, as PostgreSQL counts them. */
    public static final int MAX_LENGTH = 200;

    /** Checks the key. */
    public Unique {
        Objects.requireNonNull(scope, "scope");
        Objects.requireNonNull(onConflict, "onConflict");
        check(Objects.requireNonNull(key, "key"));
    }

    /** That key, until the event has settled; who comes second is answered with the id of the first. */
    public Unique(String key) {
        this(key, UniqueScope.untilSettled(), OnConflict.RETURN_EXISTING);
    }

    private static void check(String key) {
        if (key.isEmpty()) {
            throw new IllegalArgumentException("unique key must not be empty");
        }
        int length = key.codePointCount(0, key.length());
        if (length > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "unique key must have at most %d characters, got %d: %s; use a digest of it"
                            .formatted(MAX_LENGTH, length, Texts.quoted(key)));
        }
        if (Texts.trouble(key) >= 0 || key.codePoints().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "unique key must not contain control characters or surrogates without their other half, got %s"
                            .formatted(Texts.quoted(key)));
        }
    }
}
