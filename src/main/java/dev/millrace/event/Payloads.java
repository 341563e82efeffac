package dev.millrace.event;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Refusal.Reason;

/**
 * Turns payloads into the JSON text that is stored, and back, with the settings of {@link ApplicationJson#DEFAULT}. What is accepted here, jsonb accepts, and what comes back
 * equals what went in; anything else is refused before it reaches the database, with the path to it. Thread-safe.
 */
public final class Payloads {
    /** The default cap: 1 MiB of UTF-8. */
    public static final int DEFAULT_CAP_BYTES = 1 << 20;

    /** The largest cap that may be configured: 64 MiB of UTF-8. */
    public static final int MAX_CAP_BYTES = 64 << 20;

    /** The cap of an event's metadata: 64 KiB of UTF-8. */
    public static final int METADATA_CAP_BYTES = 64 << 10;

    private Payloads() {}

    /**
     * The cap itself.
     *
     * @throws IllegalArgumentException unless it is 1 byte to 64 MiB
     */
    public static int checkCap(int capBytes) {
        if (capBytes < 1 || capBytes > MAX_CAP_BYTES) {
            throw new IllegalArgumentException("cap must be 1 to %d bytes, got %d".formatted(MAX_CAP_BYTES, capBytes));
        }
        return capBytes;
    }

    /**
     * The payload as JSON text that jsonb accepts. A payload over the cap is refused without allocating more than the
     * cap.
     *
     * @param capBytes the most UTF-8 bytes the text may take
     * @throws ValidationException if Jackson cannot write it, or it contains NUL, half a surrogate pair, NaN or an
     *     infinity, a number of more than 1,000 digits, a key of more than 50,000 characters or more than 500 levels, or
     *     is over the cap; message and details name the path
     */
    public static String encode(Object payload, int capBytes) {
        return ApplicationJson.DEFAULT.encode(payload, capBytes);
    }

    /**
     * An event's metadata as JSON text that jsonb accepts, at most 64 KiB.
     *
     * @throws ValidationException as {@link #encode(Object, int)} does, and if {@code original}, {@code root} or {@code attempt} is
     *     there and the three are not as {@link Event#asFreshEvent()} writes them
     */
    public static String encodeMetadata(ObjectNode metadata) {
        if (metadata.isEmpty()) {
            return "{}";
        }
        if (!FreshEvents.isLineage(metadata)) {
            checkNotes(metadata);
        }
        return encode(Json.MAPPER, "metadata", metadata, METADATA_CAP_BYTES);
    }

    /**
     * The notes that an application gives with a payload, as {@link #encodeMetadata} writes them.
     *
     * @throws ValidationException as {@link #encode(Object, int)} does, and if a key is one that Millrace itself writes
     */
    public static String encodeNotes(ObjectNode notes) {
        checkNotes(notes);
        return encodeMetadata(notes);
    }

    /**
     * Refuses the keys that Millrace itself writes: {@code original}, {@code root} and {@code attempt} of a fresh event.
     *
     * @throws ValidationException if one of them is there
     */
    public static void checkNotes(ObjectNode notes) {
        FreshEvents.ownKey(notes).ifPresent(key -> {
            throw new Refusal(Reason.RESERVED, JsonPath.ROOT + "." + key).of("metadata");
        });
    }

    static String encode(ObjectMapper mapper, String what, Object value, int capBytes) {
        try {
            BoundedBytes out = BoundedBytes.refusing(capBytes);
            Refusal unused = Encoder.write(mapper, value, out, capBytes, false);
            byte[] utf8 = out.bytes();
            if (!JsonbSize.fits(utf8)) {
                throw new Refusal(Reason.TOO_MANY_VALUES, JsonPath.ROOT);
            }
            return BoundedBytes.text(utf8);
        } catch (Refusal e) {
            throw e.of(what);
        }
    }

    /**
     * The payload of a row.
     *
     * @throws ValidationException "undecodable", naming the type and the path but nothing of the content
     */
    public static <T> T decode(String json, Class<T> type) {
        return ApplicationJson.DEFAULT.decode(json, type);
    }

    /**
     * The payload of a row, as an instance of a type with parameters.
     *
     * @throws ValidationException "undecodable", naming the type and the path but nothing of the content
     */
    public static Object decode(String json, JavaType type) {
        return ApplicationJson.DEFAULT.decode(json, type);
    }
}
