package dev.millrace.event;

import static dev.millrace.event.SampleEvents.event;
import static dev.millrace.event.SampleEvents.events;
import static dev.millrace.event.SampleEvents.pileOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FlowJsonTest {
    private final List<Event<JsonNode>> three = events(3);
    private final UUID first = three.get(0).id();
    private final UUID ghost = UuidV7.next();
    private final Flow flow = Flow.ofStatuses("serializable_exec", pileOf(three));
    private final ObjectNode json;

    FlowJsonTest() {
        three.forEach(item -> flow.getProgression("pending").append(item.id()));
        json = flow.toJson();
    }

    @Test
    @DisplayName("R-098 the keys are the model's, in its order, then the counts")
    void toJson_flow_hasTheModelsKeys() {
        assertThat(keys(json))
                .containsExactly("id", "created_at", "metadata", "name", "items", "progressions", "counts");
        for (String pile : List.of("items", "progressions")) {
            assertThat(keys(json.get(pile)))
                    .containsExactly("id", "created_at", "metadata", "item_type", "strict_type", "items");
        }
        assertThat(keys(json.at("/progressions/items/0")))
                .containsExactly("id", "created_at", "metadata", "name", "order");
        assertThat(json.at("/items/items")).hasSize(3);
        assertThat(json.at("/progressions/items")).hasSize(7);
        assertThat(json.at("/progressions/items/0/order/0").textValue()).isEqualTo(first.toString());
    }

    @Test
    @DisplayName("R-098 the counts are explicit")
    void toJson_flow_countsItemsAndProgressions() {
        assertThat(json.get("counts"))
                .hasToString("{\"items\":3,\"progressions\":7,\"pending\":3,\"processing\":0,\"completed\":0,"
                        + "\"failed\":0,\"cancelled\":0,\"skipped\":0,\"aborted\":0}");
    }

    @Test
    @DisplayName("R-098 a progression called items does not hide the number of items")
    void toJson_progressionCalledItems_keepsTheNumberOfItems() {
        flow.addProgression(new Progression("items", List.of(first)));
        flow.addProgression(new Progression(null, List.of(first)));

        assertThat(flow.toJson().at("/counts/items").intValue()).isEqualTo(3);
        assertThat(flow.toJson().at("/counts/unnamed").intValue()).isEqualTo(1);
        assertThat(Flow.fromJson(flow.toJson()).counts())
                .isEqualTo(flow.counts())
                .containsEntry("items", 1);
    }

    @Test
    @DisplayName("R-098 the JSON is a copy: changing it or the flow does not change the other")
    void toJson_changedAfterwards_changesNothing() {
        ((ObjectNode) json.get("metadata")).put("k", 1);
        ((ObjectNode) json.at("/progressions/items/0/metadata")).put("k", 1);
        Flow read = Flow.fromJson(json);
        read.metadata().put("k", 2);

        assertThat(flow.metadata()).isEmpty();
        assertThat(flow.getProgression("pending").metadata()).isEmpty();
        assertThat(json.at("/metadata/k").intValue()).isEqualTo(1);
    }

    @Test
    @DisplayName("R-099 types are names: any type as null, some as a list, of types nobody here knows too")
    void itemType_anyOrSome_survives() {
        Flow typed = new Flow("t", new Pile(Set.of("never-heard-of"), true), List.of());
        typed.addItem(event("never-heard-of"));

        Flow read = Flow.fromJson(typed.toJson());

        assertThat(json.at("/items/item_type").isNull()).isTrue();
        assertThat(typed.toJson().at("/items/item_type")).hasToString("[\"never-heard-of\"]");
        assertThat(typed.toJson().at("/progressions/item_type")).hasToString("[\"Progression\"]");
        assertThat(read.items().itemTypes()).containsExactly("never-heard-of");
        assertThat(read.items().strictType()).isTrue();
    }

    @Test
    @DisplayName("R-101 class names in the data are text and nothing more")
    void fromJson_classNames_loadNothing() {
        ((ObjectNode) json.get("metadata")).put("lion_class", "java.lang.Runtime");
        ((ObjectNode) json.get("items"))
                .putArray("item_type")
                .add("java.lang.Runtime")
                .add("api-call");

        Flow read = Flow.fromJson(json);

        assertThat(read.items().itemTypes()).containsExactly("java.lang.Runtime", "api-call");
        assertThat(read.metadata().get("lion_class").textValue()).isEqualTo("java.lang.Runtime");
    }

    @Test
    @DisplayName("R-093 an id that is not in the flow is found when it is read, with its place")
    void fromJson_ghost_isNotFound() {
        flow.getProgression("failed").append(ghost);

        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> Flow.fromJson(flow.toJson()))
                .withMessage("$.progressions.items[3]: Progression 'failed' contains UUIDs not in items pile: {" + ghost
                        + "}");
    }

    @Test
    @DisplayName("R-093 a name that is there twice is refused when it is read, with its place")
    void fromJson_duplicateName_isRefused() {
        ((ObjectNode) json.at("/progressions/items/6")).put("name", "pending");

        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> Flow.fromJson(json))
                .withMessage("$.progressions.items[6]: Progression with name 'pending' already exists."
                        + " Names must be unique.");
    }

    @Test
    @DisplayName("R-092 ids that are there twice are refused when they are read, with their place")
    void fromJson_duplicateIds_areRefused() {
        ObjectNode twoProgressions = json.deepCopy();
        ((ObjectNode) twoProgressions.at("/progressions/items/1")).set("id", json.at("/progressions/items/0/id"));
        ((ObjectNode) json.at("/items/items/2")).put("id", first.toString());

        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> Flow.fromJson(json))
                .withMessage("$.items.items[2]: Item " + first + " already exists in pile");
        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> Flow.fromJson(twoProgressions))
                .withMessageStartingWith("$.progressions.items[1]: Item ");
    }

    @Test
    @DisplayName("R-111 all types are checked before any event is read")
    void fromJson_wrongTypeLast_isFoundFirst() {
        ((ObjectNode) json.get("items")).putArray("item_type").add("api-call");
        ((ObjectNode) json.at("/items/items/0")).put("id", "not an id at all");
        ((ObjectNode) json.at("/items/items/2")).put("type", "mail");

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Flow.fromJson(json))
                .withMessage(
                        "not a flow: $.items.items[2].type Item type 'mail' is not a subclass of any allowed type [api-call]");
    }

    @Test
    @DisplayName("R-111 an event that cannot be read is named by its place")
    void fromJson_badEvent_isNamed() {
        ((ObjectNode) json.at("/items/items/1")).put("created_at", false);

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Flow.fromJson(json))
                .withMessageStartingWith("not a flow: $.items.items[1].created_at must be a text");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                    | id
            ''                    | created_at
            ''                    | items
            ''                    | progressions
            /items                | id
            /items                | created_at
            /items                | items
            /items/items/1        | id
            /items/items/1        | type
            /progressions         | id
            /progressions         | items
            /progressions/items/2 | id
            /progressions/items/2 | created_at
            /progressions/items/2 | order
            """)
    @DisplayName("R-098 what is missing is named by its path")
    void fromJson_missingField_isNamed(String parent, String field) {
        ((ObjectNode) json.at(parent)).remove(field);

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Flow.fromJson(json))
                .withMessage(
                        "not a flow: $%s.%s is missing",
                        parent.replaceAll("/(\\d)", "[$1]").replace('/', '.'), field);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ``                    | id          | "1-1-1-1-1" | .id must be a UUID of 36 characters, got '1-1-1-1-1'
            ``                    | name        | ["secret"]  | .name must be a text, got array
            ``                    | metadata    | "secret"    | .metadata must be an object, got string
            /items                | strict_type | "secret"    | .items.strict_type must be true or false, got string
            /items                | item_type   | []          | .items.item_type must name at least one type; null stands for any
            /items                | item_type   | ["a", 1]    | .items.item_type[1] must be a text, got number
            /items                | item_type   | {"a": "b"}  | .items.item_type must be an array, got object
            /items                | items       | [3]         | .items.items[0] must be an object, got number
            /items                | items       | {}          | .items.items must be an array, got object
            /items/items/2        | type        | {"a": "b"}  | .items.items[2].type must be a text, got object
            /items/items/2        | priority    | "secret"    | .items.items[2].priority must be a finite number
            /progressions         | item_type   | ["x"]       | .progressions.item_type must be ["Progression"] or null
            /progressions/items/1 | order       | [null]      | .progressions.items[1].order[0] must be a text, got null
            """)
    @DisplayName("R-098 what is of the wrong kind is named by its path, and its value not shown")
    void fromJson_wrongKind_isNamed(String parent, String field, String value, String complaint) {
        ((ObjectNode) json.at(parent)).set(field, Json.parse(value));

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Flow.fromJson(json))
                .withMessage("not a flow: $" + complaint)
                .satisfies(
                        e -> assertThat("$" + complaint).startsWith(e.details().get("path") + " "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "null", "3", "\"flow\""})
    @DisplayName("R-098 a document that is no object is refused")
    void fromJson_noObject_isRefused(String text) {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Flow.fromJson(Json.parse(text)))
                .withMessageStartingWith("not a flow: $ must be an object, got ");
    }

    @Test
    @DisplayName("R-098 fields of a newer writer, the counts and a missing name do not matter")
    void fromJson_moreOrLess_isRead() {
        json.put("since", "2.0");
        json.put("counts", "rubbish");
        json.remove("name");
        ((ObjectNode) json.get("items")).remove("item_type");

        Flow read = Flow.fromJson(json);

        assertThat(read.name()).isNull();
        assertThat(read.counts()).isEqualTo(flow.counts());
    }

    @ParameterizedTest
    @CsvSource({
        "'\"2026-01-31T12:00:00.123456Z\"', 2026-01-31T12:00:00.123456Z",
        "'\"2026-01-31T12:00:00.123456+02:00\"', 2026-01-31T10:00:00.123456Z",
        "'\"2026-01-31T12:00:00+00:00\"', 2026-01-31T12:00:00Z",
        "'1.7698608e9', 2026-01-31T12:00:00Z",
        "'1769860800', 2026-01-31T12:00:00Z",
        "'1769860800.5', 2026-01-31T12:00:00.500Z",
        "'\"1769860800.000000001\"', 2026-01-31T12:00:00.000000001Z",
        "'-0.5', 1969-12-31T23:59:59.500Z",
    })
    @DisplayName("R-112 a time is read in every form the model takes")
    void fromJson_timeInAnyForm_isRead(String time, String expected) {
        json.set("created_at", Json.parse(time));

        assertThat(Flow.fromJson(json).createdAt()).isEqualTo(Instant.parse(expected));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"\"",
                "\"yesterday\"",
                "\"NaN\"",
                "\"2026-01-31T12:00:00\"",
                "\"1e999999999\"",
                "\"1e-999999999\"",
                "\"2026-02-30T00:00:00Z\"",
                "\"+10000-01-01T00:00:00Z\"",
                "\"0000-12-31T00:00:00Z\"",
                "253402300800",
                "1e400",
                "1e-1001",
                "1e-999999999",
                "1e999999999",
                "true",
                "null"
            })
    @DisplayName("R-112 what is no time, has no offset or cannot be stored is refused with its path, and at once")
    void fromJson_noTime_isRefused(String time) {
        json.set("created_at", Json.parse(time));

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Flow.fromJson(json))
                .withMessageStartingWith("not a flow: $.created_at ");
    }

    private static List<String> keys(JsonNode node) {
        List<String> keys = new ArrayList<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }
}
