package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.type.TypeFactory;
import java.io.IOException;
import java.io.StringReader;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PayloadsTest {
    private static final int CAP = Payloads.DEFAULT_CAP_BYTES;

    record User(String email, List<String> names, Object extra) {}

    record Order(User user, int count) {}

    record Raw(@JsonRawValue String json) {}

    record Empty() {}

    record Written(@JsonSerialize(using = ByHand.class) String how) {}

    /** Uses the parts of a generator that ordinary serializers do not. */
    static final class ByHand extends JsonSerializer<String> {
        @Override
        public void serialize(String how, JsonGenerator generator, SerializerProvider provider) throws IOException {
            switch (how) {
                case "chars" -> generator.writeString("a\u0000b".toCharArray(), 0, 3);
                case "reader" -> generator.writeString(new StringReader("a\u0000b"), -1);
                case "longReader" -> generator.writeString(new StringReader("x".repeat(CAP + 1)), -1);
                case "number" -> generator.writeNumber("12.50");
                case "notANumber" -> generator.writeNumber("twelve");
                case "longNumber" -> generator.writeNumber("1" + "0".repeat(1_000));
                case "raw" -> generator.writeRaw("\"raw\"");
                case "swallowed" -> {
                    try {
                        generator.writeNumber(Double.NaN);
                    } catch (IOException e) {
                        generator.writeNumber(0); // as if nothing had happened
                    }
                }
                case "pojo" -> generator.writePOJO(List.of("a\u0000b"));
                case "bytes" -> generator.writeUTF8String(new byte[] {'a'}, 0, 1);
                default -> throw new IllegalStateException("secret");
            }
        }
    }

    private static String encode(Object payload) {
        return Payloads.encode(payload, CAP);
    }

    private static void refused(Object payload, String path, String reason) {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> encode(payload))
                .withMessageStartingWith("payload refused at " + path + ": ")
                .satisfies(e -> {
                    assertThat(e.details()).containsEntry("path", path).containsEntry("reason", reason);
                    assertThat(e.retryable()).isFalse();
                });
    }

    private static Order order(Object extra, String... names) {
        return new Order(new User("a@b", Arrays.asList(names), extra), 1);
    }

    static Stream<Arguments> hostile() {
        Map<String, Object> nulKey = Map.of("a", Map.of("x\u0000y", 1));
        return Stream.of(
                Arguments.of(order(null, "a", "b", "c", "d\u0000"), "$.user.names[3]", "nul"),
                Arguments.of(order(null, "a", "\uD83D"), "$.user.names[1]", "surrogate"),
                Arguments.of(order(null, "\uDE00\uD83D"), "$.user.names[0]", "surrogate"),
                Arguments.of(order(Double.NaN), "$.user.extra", "not_finite"),
                Arguments.of(order(new double[] {1, 2, Double.POSITIVE_INFINITY}), "$.user.extra[2]", "not_finite"),
                Arguments.of(order(new float[] {Float.NaN}), "$.user.extra[0]", "not_finite"),
                Arguments.of(order(new String[] {"a", "\u0000"}), "$.user.extra[1]", "nul"),
                Arguments.of(order(BigInteger.TEN.pow(1_000)), "$.user.extra", "number_too_long"),
                Arguments.of(order(BigInteger.TEN.pow(1_000_000)), "$.user.extra", "number_too_long"),
                Arguments.of(order(new BigDecimal("1e1000")), "$.user.extra", "number_too_long"),
                Arguments.of(order(new BigDecimal("1e-1000")), "$.user.extra", "number_too_long"),
                Arguments.of(order(new BigDecimal("0e999999999")), "$.user.extra", "number_too_long"),
                Arguments.of(order(nulKey), "$.user.extra.a['x\\u0000y']", "nul"),
                Arguments.of(
                        order(Map.of("k".repeat(50_001), 1)),
                        "$.user.extra['" + "k".repeat(59) + "...']",
                        "name_too_long"),
                Arguments.of(order(new Object()), "$.user.extra", "unwritable"),
                Arguments.of(order(Payloads.class), "$.user.extra", "unwritable"),
                Arguments.of(order(new Written("throws")), "$.user.extra.how", "unwritable"),
                Arguments.of(order(new Written("chars")), "$.user.extra.how", "nul"),
                Arguments.of(order(new Written("reader")), "$.user.extra.how", "nul"),
                Arguments.of(order(new Written("pojo")), "$.user.extra.how[0]", "nul"),
                Arguments.of(order(new Written("longReader")), "$", "too_large"),
                Arguments.of(order(new Written("notANumber")), "$.user.extra.how", "raw"),
                Arguments.of(order(new Written("longNumber")), "$.user.extra.how", "number_too_long"),
                Arguments.of(order(new Written("raw")), "$.user.extra.how", "raw"),
                Arguments.of(order(new Written("bytes")), "$.user.extra.how", "raw"),
                Arguments.of(order(new Written("swallowed")), "$.user.extra.how", "not_finite"),
                Arguments.of(order(new Raw("{\"a\":")), "$.user.extra.json", "raw"),
                Arguments.of(order(new Raw("")), "$.user.extra.json", "raw"),
                Arguments.of(order(new Raw("[\"\\u0000\"]")), "$.user.extra.json[0]", "nul"),
                Arguments.of(order(new Raw("NaN")), "$.user.extra.json", "raw"));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void encode_whatJsonbCannotHold_isRefusedWithItsPath(Object payload, String path, String reason) {
        refused(payload, path, reason);
    }

    @Test
    void encode_messages_sayWhatToDoButNotWhatWasIn() {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> encode(order(null, "secret\u0000")))
                .withMessage(
                        "payload refused at $.user.names[0]: the text contains NUL (U+0000), which PostgreSQL cannot"
                                + " hold; remove it, or send the bytes as byte[]");
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> encode(order(new Written("secret"))))
                .withMessage("payload refused at $.user.extra.how: Jackson cannot write it:"
                        + " java.lang.IllegalStateException was thrown while it was read");
    }

    @Test
    void encode_nestedFiveHundredDeep_isTheLast() {
        refused(
                nested(501),
                "$[0][0][0][0][0][0][0][0][0][0][0][0]...[0][0][0][0][0][0][0][0][0][0][0][0]",
                "too_deep");
        assertThat(Payloads.decode(encode(nested(500)), JsonNode.class)).isEqualTo(nested(500));
        List<Object> cycle = new ArrayList<>();
        cycle.add(List.of(cycle));
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> encode(cycle))
                .withMessageContaining("nested deeper than 500 levels, or refers to itself");
    }

    private static JsonNode nested(int levels) {
        JsonNode nested = JsonNodeFactory.instance.arrayNode();
        for (int i = 1; i < levels; i++) {
            nested = JsonNodeFactory.instance.arrayNode().add(nested);
        }
        return nested;
    }

    @Test
    void encode_atTheCap_isTheLast() {
        assertThat(Payloads.encode("x".repeat(98), 100)).hasSize(100);
        assertThat(Payloads.encode("\uD83D\uDE00".repeat(24), 98)).hasSize(50);
        for (Object payload : List.of("x".repeat(99), "é".repeat(50), List.of("x".repeat(48), "x".repeat(48)))) {
            assertThatExceptionOfType(ValidationException.class)
                    .isThrownBy(() -> Payloads.encode(payload, 100))
                    .withMessageStartingWith("payload refused at $: its JSON takes more than the cap of 100 bytes; ");
        }
    }

    @Test
    void encode_farOverTheCap_allocatesLittleMoreThanTheCap() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        List<Object> payloads = List.of(
                "x".repeat(64 << 20),
                new byte[64 << 20],
                Collections.nCopies(10_000_000, "0123456789"),
                new int[20_000_000]);
        for (Object payload : payloads) {
            assertThatExceptionOfType(ValidationException.class).isThrownBy(() -> encode(payload)); // loads classes
            long before = threads.getCurrentThreadAllocatedBytes();

            assertThatExceptionOfType(ValidationException.class).isThrownBy(() -> encode(payload));

            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(2L * CAP);
        }
    }

    @Test
    void encode_moreValuesThanJsonbHolds_isRefused() {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Payloads.encode(new int[17_000_000], Payloads.MAX_CAP_BYTES))
                .withMessageContaining("more values than one jsonb document can hold");
    }

    @Test
    void encode_whatReadsBackAsNull_isRefused() {
        record Nothing(@JsonValue String value) {}

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> encode(new Nothing(null)))
                .withMessageContaining("cannot be read back");
        assertThat(Payloads.decode(encode(NullNode.instance), JsonNode.class)).isEqualTo(NullNode.instance);
    }

    @Test
    void encodeMetadata_overItsCap_isRefused() {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Payloads.encodeMetadata(
                        JsonNodeFactory.instance.objectNode().put("a", "x".repeat(64 << 10))))
                .withMessageStartingWith("metadata refused at $: ");
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Payloads.encodeMetadata(
                        JsonNodeFactory.instance.objectNode().put("a", Double.NaN)))
                .withMessageStartingWith("metadata refused at $.a: ");
    }

    @Test
    void checkCap_outOfBounds_isRefused() {
        assertThat(Payloads.checkCap(64 << 20)).isEqualTo(67_108_864);
        for (int cap : new int[] {0, -1, (64 << 20) + 1}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Payloads.checkCap(cap))
                    .withMessage("cap must be 1 to 67108864 bytes, got " + cap);
        }
    }

    record Times(Instant instant, OffsetDateTime offset, ZonedDateTime zoned, LocalDate date, Duration duration) {}

    @Test
    void decode_timesAndBytes_comeBackAsTheyWere() {
        Times times = new Times(
                Instant.parse("2026-01-31T09:00:00.123456789Z"),
                OffsetDateTime.parse("2026-01-31T09:00:00+05:30"),
                ZonedDateTime.parse("2026-01-31T09:00:00+01:00[Europe/Berlin]"),
                LocalDate.parse("2026-01-31"),
                Duration.ofSeconds(1, 1));

        Times decoded = Payloads.decode(encode(times), Times.class);

        assertThat(decoded).isEqualTo(times);
        assertThat(Payloads.decode(encode(new byte[] {0, 1, -1}), byte[].class)).containsExactly(0, 1, -1);
        ZonedDateTime utc = ZonedDateTime.parse("2026-01-31T09:00:00Z[UTC]");
        assertThat(Payloads.decode(encode(utc), ZonedDateTime.class)).isEqualTo(utc);
    }

    @Test
    void decode_aNewerWritersProperties_areIgnored() {
        assertThat(Payloads.decode("{\"json\":\"x\",\"added\":{\"later\":true}}", Raw.class))
                .isEqualTo(new Raw("x"));
        assertThat(Payloads.decode("{}", Empty.class)).isEqualTo(new Empty());
        assertThat(encode(new Empty())).isEqualTo("{}");
    }

    @Test
    void decode_aTypeWithParameters_isOfThatType() {
        var type = TypeFactory.defaultInstance().constructCollectionType(List.class, Raw.class);

        assertThat(Payloads.decode("[{\"json\":\"x\"}]", type)).isEqualTo(List.of(new Raw("x")));
    }

    record Strict(int count) {
        Strict {
            if (count < 0) {
                throw new IllegalArgumentException("secret " + count);
            }
        }
    }

    static final class NoWayIn {
        final int value;

        NoWayIn(int one, int other) {
            this.value = one + other;
        }
    }

    record HoldsNoWayIn(NoWayIn value) {}

    static Stream<Arguments> undecodable() {
        return Stream.of(
                Arguments.of("{\"user\":{\"names\":[\"a\",{\"b\":\"secret\"}]}}", Order.class, "$.user.names[1]"),
                Arguments.of("{\"count\":\"secret\"}", Order.class, "$.count"),
                Arguments.of("{\"count\":123456789012}", Order.class, "$.count"),
                Arguments.of("{\"count\":-1}", Strict.class, "$"),
                Arguments.of("[\"secret\"]", Order.class, "$"),
                Arguments.of("\"secret\"", Order.class, "$"),
                Arguments.of("null", Order.class, "$"),
                Arguments.of("", Order.class, "$"),
                Arguments.of("{\"secret", Order.class, "$"),
                Arguments.of("{} secret", Empty.class, "$"),
                Arguments.of("\"secret\"", NoWayIn.class, "$"),
                Arguments.of("{\"value\":\"secret\"}", HoldsNoWayIn.class, "$.value"),
                Arguments.of("[1e99999999999999999999]", BigDecimal[].class, "$"),
                Arguments.of("[" + "1".repeat(1_001) + "]", JsonNode.class, "$"));
    }

    @ParameterizedTest
    @MethodSource("undecodable")
    void decode_whatDoesNotFit_namesTypeAndPathOnly(String json, Class<?> type, String path) {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Payloads.decode(json, type))
                .withMessageStartingWith("undecodable payload for " + type.getTypeName() + " at " + path)
                .withMessageNotContaining("secret")
                .withNoCause()
                .satisfies(e -> assertThat(e.details()).containsEntry("reason", "undecodable"));
    }

    @Test
    void encode_keysInAnyOrder_keepsTheirOrder() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("z", 1);
        map.put("a", new Raw("{ \"b\" : 1.10 }"));

        assertThat(encode(map)).isEqualTo("{\"z\":1,\"a\":{\"json\":{\"b\":1.10}}}");
        assertThat(encode(new Written("number"))).isEqualTo("{\"how\":12.50}");
    }
}
