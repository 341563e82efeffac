package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EventTest {
    record ApiCall(String endpoint) {}

    private static final Terms TERMS =
            new Terms(1.0, Duration.ofSeconds(5), Instant.parse("2030-01-01T00:00:00Z"), true);

    private static Event<ApiCall> event(EventStatus status, ObjectNode metadata) {
        return new Event<>(
                UuidV7.next(),
                Instant.parse("2026-01-31T09:00:00.123456Z"),
                "api-call",
                new ApiCall("/users/1"),
                metadata,
                TERMS,
                Execution.active(status, 3, Instant.EPOCH));
    }

    private static ObjectNode metadata(String json) {
        return (ObjectNode) Json.parse(json.replace('\'', '"'));
    }

    @Test
    @DisplayName("R-002, R-003 a new event has a time-ordered id, a time in microseconds and a pristine execution")
    void of_aPayload_isPristine() {
        Event<ApiCall> event = Event.of("api-call", new ApiCall("/"), Terms.DEFAULT);

        assertThat(event.id().version()).isEqualTo(7);
        assertThat(event.createdAt()).isEqualTo(event.createdAt().truncatedTo(ChronoUnit.MICROS));
        assertThat(event.execution()).isEqualTo(Execution.PRISTINE);
        assertThat(event.status()).isSameAs(EventStatus.PENDING);
        assertThat(event.metadata()).isEmpty();
    }

    @Test
    @DisplayName("R-003 events are equal by id alone")
    void equals_sameIdOtherwiseDifferent_isTrue() {
        Event<ApiCall> event = event(EventStatus.PENDING, metadata("{}"));
        Event<JsonNode> same = new Event<>(
                event.id(),
                Instant.EPOCH,
                "other",
                TextNode.valueOf("x"),
                metadata("{}"),
                Terms.DEFAULT,
                Execution.PRISTINE);

        assertThat(event).isEqualTo(same).hasSameHashCodeAs(same);
        assertThat(event).isNotEqualTo(event.asFreshEvent());
    }

    @Test
    void metadata_changedByAReader_staysAsItWas() {
        ObjectNode given = metadata("{'a':[1]}");
        Event<ApiCall> event = event(EventStatus.PENDING, given);

        given.put("b", 1);
        ((ArrayNode) event.metadata().get("a")).add(2);

        assertThat(event.metadata()).isEqualTo(metadata("{'a':[1]}"));
    }

    @ParameterizedTest
    @EnumSource(EventStatus.class)
    @DisplayName("R-022 a fresh event of any status has a new id and time and a pristine execution")
    void asFreshEvent_inAnyStatus_startsAgain(EventStatus status) {
        Event<ApiCall> event = event(status, metadata("{}"));

        Event<ApiCall> fresh = event.asFreshEvent();

        assertThat(fresh.id()).isNotEqualTo(event.id());
        assertThat(fresh.createdAt()).isAfter(event.createdAt());
        assertThat(fresh.execution()).isEqualTo(Execution.PRISTINE);
        assertThat(fresh.type()).isEqualTo("api-call");
        assertThat(fresh.payload()).isSameAs(event.payload());
    }

    @Test
    @DisplayName("R-023 timeout, deadline and streaming are kept; the priority is given anew when it is appended")
    void asFreshEvent_terms_areKeptButForPriority() {
        Terms fresh = event(EventStatus.FAILED, metadata("{}")).asFreshEvent().terms();

        assertThat(fresh).isEqualTo(new Terms(null, TERMS.timeout(), TERMS.deadline(), true));
    }

    @Test
    @DisplayName("R-024 without copying, metadata tell only where it comes from")
    void asFreshEvent_notCopying_namesOriginalRootAndAttempt() {
        Event<ApiCall> event = event(EventStatus.FAILED, metadata("{'tenant':'a'}"));

        ObjectNode fresh = event.asFreshEvent().metadata();

        ObjectNode self = JsonNodeFactory.instance.objectNode();
        self.put("id", event.id().toString()).put("created_at", "2026-01-31T09:00:00.123456Z");
        assertThat(fresh.properties())
                .extracting(entry -> entry.getKey())
                .containsExactly("original", "root", "attempt");
        assertThat(fresh.get("original")).isEqualTo(self);
        assertThat(fresh.get("root")).isEqualTo(self);
        assertThat(fresh.get("attempt").intValue()).isEqualTo(2);
    }

    @Test
    @DisplayName("R-024 copying is deep")
    void asFreshEvent_copying_sharesNothing() {
        Event<ApiCall> event = event(EventStatus.FAILED, metadata("{'tags':['a']}"));

        ObjectNode fresh = event.asFreshEvent(true).metadata();

        assertThat(fresh.get("tags")).isEqualTo(event.metadata().get("tags"));
        ((ArrayNode) fresh.get("tags")).add("b");
        assertThat(event.metadata().get("tags")).hasSize(1);
    }

    @Test
    @DisplayName("R-024 after several retries original is the parent, root the first, attempt the number")
    void asFreshEvent_thrice_keepsTheRootAndCounts() {
        Event<ApiCall> first = event(EventStatus.FAILED, metadata("{}"));
        Event<ApiCall> second = first.asFreshEvent();
        Event<ApiCall> third = second.asFreshEvent(true);
        Event<ApiCall> fourth = third.asFreshEvent();

        assertThat(idOf(fourth, "original")).isEqualTo(third.id());
        assertThat(idOf(fourth, "root")).isEqualTo(first.id());
        assertThat(fourth.metadata().get("attempt").intValue()).isEqualTo(4);
    }

    @Test
    @DisplayName("R-024, 13.17 an application's own count and root are not taken for Millrace's")
    void asFreshEvent_metadataOfTheApplications_isReadWithCare() {
        Event<ApiCall> counted = event(EventStatus.FAILED, metadata("{'attempt':5,'root':'/var','original':true}"));
        Event<ApiCall> hostile = event(EventStatus.FAILED, metadata("{'attempt':1e400,'root':{'id':'x'}}"));

        assertThat(counted.asFreshEvent().metadata().get("attempt").intValue()).isEqualTo(2);
        assertThat(idOf(counted.asFreshEvent(true), "root")).isEqualTo(counted.id());
        assertThat(hostile.asFreshEvent().metadata().get("attempt").intValue()).isEqualTo(2);
        assertThat(idOf(hostile.asFreshEvent(), "root")).isEqualTo(hostile.id());
    }

    @Test
    void toString_ofAnEvent_hasNoPayload() {
        assertThat(event(EventStatus.PENDING, metadata("{}")).toString()).doesNotContain("/users/1");
    }

    private static UUID idOf(Event<?> event, String key) {
        return UUID.fromString(event.metadata().get(key).get("id").textValue());
    }
}
