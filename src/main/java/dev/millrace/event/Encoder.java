package dev.millrace.event;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.event.Refusal.Reason;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Writes one value as UTF-8 that jsonb accepts, in one pass, or says why it cannot and where. */
final class Encoder {
    private static final int MAX_REASON = 300;

    /** The nesting it allows is a payload's, where the mapper's own allows for the documents around one. */
    private static final JsonFactory FACTORY = Json.factory(Json.MAX_PAYLOAD_NESTING);

    private Encoder() {}

    /**
     * Writes the value to {@code out}.
     *
     * @param mapper how the application's objects are written
     * @param capBytes how long a single text may be at all; only looked at when not repairing
     * @param repair whether to replace what cannot be stored instead of refusing it
     * @return why something was replaced first; null if nothing was
     * @throws Refusal if it cannot be stored
     */
    static @Nullable Refusal write(
            ObjectMapper mapper, @Nullable Object value, BoundedBytes out, int capBytes, boolean repair)
            throws Refusal {
        try (JsonGenerator plain = FACTORY.createGenerator(out, JsonEncoding.UTF8)) {
            plain.setCodec(mapper);
            StorableGenerator generator = new StorableGenerator(plain, capBytes, repair);
            try {
                mapper.writeValue(generator, value);
            } catch (IOException | RuntimeException | StackOverflowError e) {
                throw refusal(e, generator);
            }
            Refusal swallowed = generator.refusal(); // a serializer may have caught it and gone on
            if (swallowed != null) {
                throw swallowed;
            }
            return generator.repaired();
        } catch (Refusal e) {
            throw e;
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory cannot fail otherwise", e);
        }
    }

    private static Refusal refusal(Throwable thrown, StorableGenerator generator) {
        Refusal first = generator.refusal();
        if (first != null) {
            return first;
        }
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof Refusal refusal) {
                return refusal;
            }
            if (cause instanceof StreamConstraintsException) {
                return new Refusal(Reason.TOO_DEEP, JsonPath.ofNextValue(generator.getOutputContext()));
            }
        }
        String path = thrown instanceof JsonMappingException mapping
                        && !mapping.getPath().isEmpty()
                ? JsonPath.of(mapping.getPath())
                : JsonPath.ofNextValue(generator.getOutputContext());
        return new Refusal(Reason.UNWRITABLE, path, "Jackson cannot write it: " + reason(thrown));
    }

    /** What Jackson says of a type; of what the application's own code threw only the class, it may quote the payload. */
    private static String reason(Throwable thrown) {
        Throwable cause = thrown.getCause();
        if (thrown instanceof JsonMappingException mapping && cause == null) {
            return Texts.storable(mapping.getOriginalMessage(), MAX_REASON);
        }
        return (cause == null ? thrown : cause).getClass().getName() + " was thrown while it was read";
    }
}
