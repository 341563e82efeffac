package dev.millrace.event;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeFeature;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * How Millrace reads and writes JSON of its own: trees, errors, metadata, snapshots. Payloads and responses go through
 * {@link ApplicationJson}, which begins with the same settings. Thread-safe; nobody outside can change how it is set up:
 *
 * <ul>
 *   <li>Dates, times and durations are ISO texts and keep their offset or zone.
 *   <li>Fractions in trees, and in fields that are declared {@code Object} or {@code Number}, are
 *       {@link java.math.BigDecimal}s, so that a number is the same after a round trip.
 *   <li>Unknown properties are ignored: a newer writer may say more than this reader knows.
 *   <li>Types are never chosen by a class name in the data: no default typing, no {@code Id.CLASS}.
 *   <li>Reading refuses more than 1,000 levels (a payload may have 500, and stands inside other documents), numbers of
 *       more than 1,000 digits, texts longer than the largest payload cap and keys of more than 50,000 characters.
 * </ul>
 *
 * <p>jsonb itself keeps the last of several equal keys, sorts keys, writes numbers without exponent and knows no
 * negative zero.
 */
public final class Json {
    static final int MAX_PAYLOAD_NESTING = 500;
    static final int MAX_NUMBER_DIGITS = StreamReadConstraints.DEFAULT_MAX_NUM_LEN;
    static final int MAX_KEY_LENGTH = StreamReadConstraints.DEFAULT_MAX_NAME_LEN;

    private static final int MAX_READ_NESTING = 2 * MAX_PAYLOAD_NESTING;
    private static final int POOLED_BUFFERS = 64;

    static final ObjectMapper MAPPER = settings().build();

    private static final ObjectReader TREES = MAPPER.readerFor(JsonNode.class);

    private Json() {}

    /** What the library's own JSON is written and read with; the application's begins with the same. */
    static JsonMapper.Builder settings() {
        return JsonMapper.builder(factory(MAX_READ_NESTING))
                .typeFactory(new ClosedTypes())
                .polymorphicTypeValidator(new ClosedTypes.NoClassNames())
                .addModule(new JavaTimeModule().disable(JavaTimeFeature.NORMALIZE_DESERIALIZED_ZONE_ID))
                .addModule(ClosedTypes.module())
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .disable(DeserializationFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
                .enable(SerializationFeature.WRITE_DATES_WITH_ZONE_ID);
    }

    static StreamReadConstraints readConstraints() {
        return StreamReadConstraints.builder()
                .maxNestingDepth(MAX_READ_NESTING)
                .maxNumberLength(MAX_NUMBER_DIGITS)
                .maxStringLength(Payloads.MAX_CAP_BYTES)
                .maxNameLength(MAX_KEY_LENGTH)
                .build();
    }

    static JsonFactory factory(int maxWriteNesting) {
        return JsonFactory.builder()
                .streamReadConstraints(readConstraints())
                .streamWriteConstraints(StreamWriteConstraints.builder()
                        .maxNestingDepth(maxWriteNesting)
                        .build())
                .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT) // a document that broke off stays so
                // A thread-local buffer is a new one for each virtual thread.
                .recyclerPool(JsonRecyclerPools.newBoundedPool(POOLED_BUFFERS))
                // Keys are data: interning them would keep them for ever.
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
                .build();
    }

    /**
     * The tree of a JSON text.
     *
     * @throws ValidationException if it is not JSON or goes beyond the limits; the message does not repeat the text
     */
    public static JsonNode parse(String json) {
        JsonNode node;
        try {
            node = TREES.readValue(json);
        } catch (JsonProcessingException | RuntimeException e) { // an exponent out of range is a NumberFormatException
            throw Undecodable.document(e);
        }
        if (node.isMissingNode()) {
            throw new ValidationException("undecodable JSON: the text is empty");
        }
        return node;
    }

    /** The JSON text of a tree. Whether jsonb accepts it depends on the tree: all that this package makes, it does. */
    public static String text(JsonNode node) {
        try {
            return MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException("a tree that cannot be written", e);
        }
    }

    /**
     * What a handler returned, as the tree to store. See {@link #responseText}.
     *
     * @param capBytes the most UTF-8 bytes it may take, 1 to 64 MiB
     */
    public static JsonNode response(@Nullable Object value, int capBytes) {
        return value == null ? NullNode.instance : parse(responseText(value, capBytes));
    }

    /**
     * What a handler returned, as JSON text that jsonb accepts. The work is done, so this never fails: null is
     * {@code null}; NaN and infinities become texts; U+FFFD stands for NUL and for half surrogates; a number of more
     * than 1,000 digits becomes a text that says so; what Jackson cannot write, or what is nested deeper than 500
     * levels, is {@code "<unserializable>"}; what is over the cap is an object that says so, with its size in
     * {@code bytes} or, past the largest cap there is, {@code more_than_bytes}.
     *
     * @param capBytes the most UTF-8 bytes it may take, 1 to 64 MiB
     */
    public static String responseText(@Nullable Object value, int capBytes) {
        return ApplicationJson.DEFAULT.write(value, capBytes).text();
    }
}
