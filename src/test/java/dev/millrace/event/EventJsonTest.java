package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventJsonTest {
    private static final Instant START = Instant.parse("2026-01-31T09:00:00.000001Z");
    private static final Duration DURATION = Duration.ofSeconds(3, 123_456_789);
    private static final JsonNode ERROR = Errors.document(new IllegalStateException("why"));
    private static final JsonNode RESPONSE = Json.parse("{\"a\":[1,2.50,null]}");

    private static Event<JsonNode> event(Execution execution) {
        return new Event<>(
                UuidV7.next(),
                Instant.parse("2026-01-31T08:59:59.5Z"),
                "api-call",
                Json.parse("{\"endpoint\":\"/users/1\",\"price\":1.10}"),
                (ObjectNode) Json.parse("{\"tenant\":{\"id\":7}}"),
                new Terms(1.5, Duration.ofMillis(2500), Instant.parse("2030-01-01T00:00:00Z"), true),
                execution);
    }

    private static Execution execution(EventStatus status, JsonNode response, JsonNode error, Boolean retryable) {
        return new Execution(status, 2, START, START.plus(DURATION), DURATION, response, error, retryable);
    }

    /** What the seven statuses look like when the rules are kept. */
    static Stream<Arguments> ordinary() {
        return Stream.of(
                        Execution.PRISTINE,
                        Execution.active(EventStatus.PENDING, 3, START),
                        Execution.active(EventStatus.PROCESSING, 1, START),
                        execution(EventStatus.COMPLETED, RESPONSE, NullNode.instance, false),
                        execution(EventStatus.COMPLETED, NullNode.instance, NullNode.instance, false),
                        execution(EventStatus.FAILED, null, ERROR, true),
                        execution(EventStatus.CANCELLED, null, ERROR, true),
                        new Execution(EventStatus.CANCELLED, 0, null, START, null, null, null, null),
                        new Execution(EventStatus.SKIPPED, 0, null, START, null, null, null, null),
                        new Execution(EventStatus.ABORTED, 3, null, START, null, null, ERROR, false))
                .map(Arguments::of);
    }

    /** Every mix of status, response and error, whether it should occur or not. */
    static Stream<Arguments> every() {
        List<Arguments> every = new ArrayList<>();
        for (EventStatus status : EventStatus.all()) {
            for (JsonNode response : Arrays.asList(null, NullNode.instance, RESPONSE)) {
                for (JsonNode error : Arrays.asList(null, NullNode.instance, ERROR)) {
                    every.add(Arguments.of(execution(status, response, error, null)));
                }
            }
        }
        return every.stream();
    }

    @Test
    @DisplayName("R-025 an execution has exactly five keys")
    void write_anExecution_hasFiveKeysInOrder() {
        ObjectNode json =
                EventJson.write(execution(EventStatus.COMPLETED, NullNode.instance, NullNode.instance, false));

        assertThat(Json.text(json))
                .isEqualTo(
                        "{\"status\":\"completed\",\"duration\":3.123456789,\"response\":null,\"error\":null,\"retryable\":false}");
        assertThat(Json.text(EventJson.write(Execution.PRISTINE)))
                .isEqualTo(
                        "{\"status\":\"pending\",\"duration\":null,\"response\":null,\"error\":null,\"retryable\":null}");
    }

    @Test
    @DisplayName("R-031 an event's keys stand in their order, times as ISO texts, durations as seconds")
    void write_anEvent_hasItsKeysInOrder() {
        Event<JsonNode> event = event(execution(EventStatus.FAILED, null, ERROR, true));

        ObjectNode json = EventJson.write(event);

        assertThat(json.properties())
                .extracting(Map.Entry::getKey)
                .containsExactly(
                        "id",
                        "created_at",
                        "metadata",
                        "execution",
                        "type",
                        "payload",
                        "priority",
                        "timeout",
                        "deadline",
                        "streaming",
                        "attempt",
                        "started_at",
                        "finished_at");
        assertThat(json.get("created_at").textValue()).isEqualTo("2026-01-31T08:59:59.500Z");
        assertThat(json.get("timeout")).hasToString("2.5");
    }

    @ParameterizedTest
    @MethodSource({"ordinary", "every"})
    @DisplayName("R-021, R-032, R-033 save, load, save: every status comes back with unset and null apart")
    void read_ofWhatWasWritten_isTheSameAndStable(Execution execution) {
        Event<JsonNode> event = event(execution);
        String saved = Json.text(EventJson.write(event));

        Event<JsonNode> loaded = EventJson.read(Json.parse(saved));

        assertThat(loaded).isEqualTo(event);
        assertThat(loaded.type()).isEqualTo(event.type());
        assertThat(loaded.execution()).isEqualTo(execution);
        assertThat(loaded.terms()).isEqualTo(event.terms());
        assertThat(loaded.payload()).isEqualTo(event.payload());
        assertThat(loaded.metadata()).isEqualTo(event.metadata());
        assertThat(loaded.createdAt()).isEqualTo(event.createdAt());
        assertThat(Json.text(EventJson.write(loaded))).isEqualTo(saved);
    }

    @ParameterizedTest
    @MethodSource("ordinary")
    @DisplayName("R-021 the status alone tells unset from null in every ordinary execution")
    void write_ordinary_needsNoExtraKey(Execution execution) {
        assertThat(EventJson.write(event(execution)).has("unset")).isFalse();
    }

    @Test
    @DisplayName("R-021 a null that the status would misread is told apart by an extra key outside the execution")
    void write_completedWithoutResponse_namesWhatIsUnset() {
        ObjectNode json = EventJson.write(event(execution(EventStatus.COMPLETED, null, NullNode.instance, false)));

        assertThat(json.get("unset")).hasToString("[\"response\"]");
        assertThat(json.get("execution")).hasSize(5);
    }

    @ParameterizedTest
    @CsvSource({"0,1", "0,999999999", "9007199,254740993", "315360000,123456789", "31535999999,999999999", "1,0"})
    void read_durations_keepTheirNanoseconds(long seconds, int nanos) {
        Duration duration = Duration.ofSeconds(seconds, nanos);
        Execution execution =
                new Execution(EventStatus.COMPLETED, 1, null, null, duration, RESPONSE, NullNode.instance, false);

        String saved = Json.text(EventJson.write(event(execution)));

        assertThat(EventJson.read(Json.parse(saved)).execution().duration()).isEqualTo(duration);
    }

    @Test
    void read_theLeastThereIs_fillsInTheRest() {
        Event<JsonNode> event = EventJson.read(
                json(
                        "{'id':'0190F1E0-0000-7000-8000-000000000001','created_at':'2026-01-31T10:00:00+01:00','type':'t','payload':null,'execution':{'status':'pending'},'later':1}"));

        assertThat(event.createdAt()).isEqualTo(Instant.parse("2026-01-31T09:00:00Z"));
        assertThat(event.payload()).isEqualTo(NullNode.instance);
        assertThat(event.terms()).isEqualTo(Terms.DEFAULT);
        assertThat(event.execution()).isEqualTo(Execution.PRISTINE);
        assertThat(event.metadata()).isEmpty();
    }

    @Test
    @DisplayName("R-004 a timeout that is a numeric text is taken as a number")
    void read_timeoutAsText_isANumber() {
        assertThat(EventJson.read(with("timeout", "'0.5'")).timeout()).isEqualTo(Duration.ofMillis(500));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            id           | '1-1-1-1-1'              | $.id must be a UUID
            id           | null                     | $.id is missing
            id           | 7                        | $.id must be a text, got number
            created_at   | '2026-01-31T09:00:00'    | $.created_at must be a time with its offset
            created_at   | '+12026-01-31T09:00:00Z' | $.created_at it must lie in the years
            metadata     | []                       | $.metadata must be an object, got array
            execution    | 'done'                   | $.execution must be an object, got string
            execution    | {}                       | $.execution.status is missing
            execution    | {'status':'Done'}        | $.execution.status Progression 'Done' not found
            execution    | {'status':'failed','error':'why'}     | $.execution.error must be an object or null
            execution    | {'status':'failed','duration':-1}     | $.execution.duration must not be negative
            execution    | {'status':'failed','duration':'x'}    | $.execution.duration must be a finite number
            execution    | {'status':'failed','retryable':'yes'} | $.execution.retryable must be true or false, got string
            type         | ''                       | $.type event type name must not be empty
            priority     | 'high'                   | $.priority must be a finite number
            priority     | 1e400                    | $.priority must be a finite number
            timeout      | 0                        | $.timeout timeout must be positive, got 0.0
            timeout      | -1                       | $.timeout timeout must be positive, got -1.0
            timeout      | 'NaN'                    | $.timeout must be a finite number
            timeout      | 1e999999999              | $.timeout must be finite
            timeout      | 1e-999999999             | $.timeout has more than 1000 digits
            deadline     | '2026-13-01T00:00:00Z'   | $.deadline must be a time with its offset
            streaming    | 1                        | $.streaming must be true or false, got number
            attempt      | -1                       | $.attempt must be a whole number
            attempt      | 1.5                      | $.attempt must be a whole number
            attempt      | 1e999999999              | $.attempt must be a whole number
            unset        | ['status']               | $.unset must be an array of
            unset        | 'response'               | $.unset must be an array of
            """)
    void read_whatDoesNotFit_isRefusedWithItsPath(String key, String value, String complaint) {
        ObjectNode json = with(key, value);

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> EventJson.read(json))
                .withMessageStartingWith("not an event: " + complaint)
                .satisfies(e -> assertThat(complaint)
                        .startsWith(String.valueOf(e.details().get("path"))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"id", "created_at", "type", "payload", "execution"})
    void read_withoutAKeyItNeeds_isRefused(String key) {
        ObjectNode json = EventJson.write(event(Execution.PRISTINE));
        json.remove(key);

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> EventJson.read(json))
                .withMessage("not an event: $." + key + " is missing");
    }

    @Test
    void read_noObject_isRefused() {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> EventJson.read(JsonNodeFactory.instance.arrayNode()))
                .withMessage("not an event: $ must be an object, got array");
    }

    @Test
    void write_changedAfterwards_leavesTheEventAlone() {
        Event<JsonNode> event = event(execution(EventStatus.COMPLETED, RESPONSE.deepCopy(), NullNode.instance, false));

        ObjectNode json = EventJson.write(event);
        ((ObjectNode) json.get("payload")).put("endpoint", "/other");
        ((ObjectNode) json.at("/execution/response")).removeAll();

        assertThat(event.payload().get("endpoint").textValue()).isEqualTo("/users/1");
        assertThat(event.execution().response()).isEqualTo(RESPONSE);
    }

    private static ObjectNode with(String key, String value) {
        ObjectNode json = EventJson.write(event(Execution.PRISTINE));
        json.set(key, json(value));
        return json;
    }

    private static JsonNode json(String text) {
        return Json.parse(text.replace('\'', '"'));
    }
}
