package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    private static final int CAP = 1_000;

    record Point(int x, double y) {}

    record Getter(boolean fine) {
        public String getBroken() {
            if (fine) {
                return "fine";
            }
            throw new AssertionError("a getter");
        }
    }

    @Test
    @DisplayName("R-021, R-029 null is a real null")
    void response_null_isJsonNull() {
        assertThat(Json.response(null, CAP)).isSameAs(NullNode.instance);
        assertThat(Json.responseText(null, CAP)).isEqualTo("null");
    }

    @Test
    @DisplayName("R-029 what Jackson can write is JSON at once")
    void response_ofOrdinaryValues_isTheirJson() {
        UUID id = UUID.randomUUID();
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("point", new Point(1, 2.5));
        value.put("at", Instant.EPOCH);
        value.put("took", Duration.ofMillis(1500));
        value.put("id", id);
        value.put("price", new BigDecimal("1.10"));

        assertThat(Json.response(value, CAP))
                .hasToString(
                        "{\"point\":{\"x\":1,\"y\":2.5},\"at\":\"1970-01-01T00:00:00Z\",\"took\":\"PT1.5S\",\"id\":\"%s\",\"price\":1.10}"
                                .formatted(id));
        assertThat(Json.response(NullNode.instance, CAP)).isEqualTo(NullNode.instance);
    }

    @Test
    @DisplayName("R-029 what cannot be written is the model's marker")
    void response_unserializable_isTheMarker() {
        List<Object> cycle = new ArrayList<>();
        cycle.add(cycle);
        JsonNode deep = NullNode.instance;
        for (int i = 0; i < 501; i++) {
            deep = JsonNodeFactory.instance.arrayNode().add(deep);
        }

        for (Object value : List.of(new Object(), new Getter(false), cycle, deep)) {
            assertThat(Json.responseText(value, CAP)).as("%s", value.getClass()).isEqualTo("\"<unserializable>\"");
        }
    }

    @Test
    @DisplayName("R-029 what jsonb cannot hold is replaced visibly, and the rest is kept")
    void response_withWhatJsonbRefuses_isRepaired() {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("nul\u0000key", "a\u0000b");
        value.put("half", "\uD83Dx");
        value.put("pair", "\uD83D\uDE00");
        value.put("numbers", new double[] {1.5, Double.NaN, Double.NEGATIVE_INFINITY});
        value.put("float", Float.POSITIVE_INFINITY);
        value.put("long", BigInteger.TEN.pow(1_000));
        value.put("longer", new BigDecimal("1e131071"));
        value.put("raw", new RawValue("{broken"));

        assertThat(Json.responseText(value, CAP))
                .isEqualTo("{\"nul\uFFFDkey\":\"a\uFFFDb\",\"half\":\"\uFFFDx\",\"pair\":\"\uD83D\uDE00\","
                        + "\"numbers\":[1.5,\"NaN\",\"-Infinity\"],\"float\":\"Infinity\","
                        + "\"long\":\"<number of more than 1000 digits>\",\"longer\":\"<number of more than 1000 digits>\","
                        + "\"raw\":\"{broken\"}");
    }

    @Test
    @DisplayName("R-029 what is over the cap is an object that says so, with the size")
    void response_overTheCap_isAMarkerWithTheSize() {
        assertThat(Json.response("x".repeat(CAP - 2), CAP).textValue()).hasSize(CAP - 2);
        assertThat(Json.response("x".repeat(CAP - 1), CAP))
                .hasToString("{\"millrace\":\"too large to store\",\"bytes\":1001,\"cap_bytes\":1000}");
    }

    @Test
    @DisplayName("R-029 a response without end is given up")
    void response_endless_isGivenUp() {
        Iterable<String> endless =
                () -> Collections.nCopies(Integer.MAX_VALUE, "x".repeat(100)).iterator();

        assertThat(Json.response(endless, CAP))
                .hasToString("{\"millrace\":\"too large to store\",\"more_than_bytes\":67108864,\"cap_bytes\":1000}");
    }

    @Test
    void parse_fractions_areExact() {
        JsonNode parsed = Json.parse("[0.1234567890123456789, 1.10, 1e400, 100]");

        assertThat(parsed.get(0).decimalValue()).isEqualTo(new BigDecimal("0.1234567890123456789"));
        assertThat(Json.text(parsed)).isEqualTo("[0.1234567890123456789,1.10,1E+400,100]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "{", "{\"secret\":1", "secret", "[1] secret", "{\"a\":NaN}", "'secret'"})
    void parse_whatIsNoJson_isRefusedWithoutQuotingIt(String text) {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Json.parse(text))
                .withMessageStartingWith("undecodable JSON")
                .withMessageNotContaining("secret")
                .withNoCause();
    }

    @Test
    void parse_beyondTheLimits_isRefused() {
        for (String text : List.of(
                "[".repeat(1_001) + "]".repeat(1_001), "1".repeat(1_001), "{\"" + "k".repeat(50_001) + "\":1}")) {
            assertThatExceptionOfType(ValidationException.class)
                    .isThrownBy(() -> Json.parse(text))
                    .withMessageContaining("exceeds the maximum");
        }
        assertThat(Json.parse("[".repeat(1_000) + "]".repeat(1_000)).size()).isOne();
    }
}
