package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Random values, ordinary and hostile: what is accepted comes back as it was, and nothing else is accepted. */
class JsonPropertyTest {
    private static final int VALUES = 20_000;
    private static final int CAP = Payloads.DEFAULT_CAP_BYTES;

    private static final ObjectMapper JACKSON = new ObjectMapper();

    record Box(Object value) {}

    @Test
    void encode_randomValues_acceptsExactlyWhatCanBeStoredAndGivesItBack() {
        long seed = RandomJson.seed(getClass());
        RandomJson values = new RandomJson(seed, 0.02);
        int refused = 0;
        for (int i = 0; i < VALUES; i++) {
            Object value = values.value(5);
            String as = "seed %d, value %d".formatted(seed, i);

            String json = encodeOrNull(new Box(value));

            assertThat(json != null).as(as).isEqualTo(RandomJson.isStorable(value));
            refused += json == null ? 1 : 0;
            if (json != null) {
                JsonNode expected = plainly(value);
                assertThat(RandomJson.same(Json.parse(json).get("value"), expected))
                        .as(as)
                        .isTrue();
                Box decoded = Payloads.decode(json, Box.class);
                assertThat(encodeOrNull(decoded)).as(as).isNotNull();
                assertThat(RandomJson.same(plainly(decoded.value()), expected))
                        .as(as)
                        .isTrue();
            }
        }
        assertThat(refused).as("seed %d", seed).isBetween(VALUES / 100, VALUES / 2);
    }

    @Test
    @DisplayName("R-029 random responses: always stored, and unchanged where nothing had to be replaced")
    void response_randomValues_isAlwaysStorable() {
        long seed = RandomJson.seed(getClass());
        RandomJson values = new RandomJson(seed, 0.05);
        for (int i = 0; i < VALUES; i++) {
            Object value = values.value(5);
            String as = "seed %d, value %d".formatted(seed, i);

            JsonNode response = Json.response(value, CAP);

            assertThat(RandomJson.isStorable(Json.MAPPER.convertValue(response, Object.class)))
                    .as(as)
                    .isTrue();
            assertThat(RandomJson.same(Json.parse(Payloads.encode(response, CAP)), response))
                    .as(as)
                    .isTrue();
            if (RandomJson.isStorable(value)) {
                assertThat(RandomJson.same(response, plainly(value))).as(as).isTrue();
            }
        }
    }

    @Test
    void encode_randomCaps_areExactToTheByte() {
        long seed = RandomJson.seed(getClass());
        RandomJson values = new RandomJson(seed, 0);
        for (int i = 0; i < 2_000; i++) {
            Box box = new Box(values.value(6));
            int bytes = Payloads.encode(box, CAP).getBytes(StandardCharsets.UTF_8).length;
            String as = "seed %d, value %d".formatted(seed, i);

            assertThat(Payloads.encode(box, bytes)).as(as).isNotEmpty();
            assertThat(encodeOrNull(box, bytes - 1)).as(as).isNull();
            assertThat(Json.response(box, bytes - 1).path("bytes").intValue())
                    .as(as)
                    .isEqualTo(bytes);
        }
    }

    @Test
    void parseAndRead_randomlyDamagedJson_isRefusedOrReadButNeverFailsOtherwise() {
        long seed = RandomJson.seed(getClass());
        RandomJson values = new RandomJson(seed, 0);
        Random random = values.random();
        for (int i = 0; i < VALUES; i++) {
            JsonNode payload = Json.response(values.value(3), CAP);
            StringBuilder json = new StringBuilder(Json.text(EventJson.write(Event.of("box", payload, Terms.DEFAULT))));
            for (int damage = random.nextInt(3); damage >= 0; damage--) {
                int at = random.nextInt(json.length());
                switch (random.nextInt(3)) {
                    case 0 -> json.deleteCharAt(at);
                    case 1 -> json.setCharAt(at, (char) random.nextInt(0x10000));
                    default -> json.insert(at, "[]{}:,\"\\-eE.0".charAt(random.nextInt(13)));
                }
                json.append(' '); // never empty
            }
            try {
                EventJson.read(Json.parse(json.toString()));
            } catch (ValidationException refused) {
                assertThat(refused.getMessage())
                        .as("seed %d, value %d", seed, i)
                        .isNotEmpty();
            }
            try {
                Payloads.decode(json.toString(), Box.class);
            } catch (ValidationException refused) {
                assertThat(refused.getMessage()).startsWith("undecodable payload for ");
            }
        }
    }

    /** What Jackson makes of it as it comes. */
    private static JsonNode plainly(Object value) {
        try {
            return Json.parse(JACKSON.writeValueAsString(value));
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static String encodeOrNull(Object value) {
        return encodeOrNull(value, CAP);
    }

    private static String encodeOrNull(Object value, int capBytes) {
        try {
            return Payloads.encode(value, capBytes);
        } catch (ValidationException e) {
            assertThat(e.details().get("path").toString()).startsWith("$");
            return null;
        }
    }
}
