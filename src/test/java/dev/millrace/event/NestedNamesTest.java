package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Fields of sealed types carry the registered names. */
class NestedNamesTest {
    private static final int CAP = 10_000;

    sealed interface Payment permits Card, Cash, Later {}

    record Card(String number) implements Payment {}

    record Cash(int cents) implements Payment {}

    sealed interface Later extends Payment permits Invoice, Term {}

    record Invoice(String address, Payment fallback) implements Later {}

    enum Term implements Later {
        WEEK,
        MONTH {
            @Override
            public String toString() {
                return "month";
            }
        }
    }

    record Order(Payment payment, Later later, List<Payment> more, Map<String, List<Payment>> byName) {}

    sealed interface Shape permits Dot, Group {}

    record Dot(int x) implements Shape {}

    record Group(List<Shape> members) implements Shape {}

    sealed interface Named permits NamedOne, NamedTwo {}

    @EventType("one")
    record NamedOne(int n) implements Named {}

    @EventType("two")
    record NamedTwo(int n) implements Named {}

    record HoldsNamed(Named value) {}

    private static final Order ORDER = new Order(
            new Card("4111"),
            Term.MONTH,
            List.of(new Cash(5), new Invoice("here", new Cash(6)), Term.WEEK),
            Map.of("a", List.of(new Card("1"))));

    @Test
    @DisplayName("12.11 fields of a sealed type work by names registered for them, at any depth")
    void registerNested_sealedType_namesItsFields() {
        EventTypes types = EventTypes.builder()
                .register(Order.class)
                .registerNested(Payment.class)
                .build();

        String json = types.json().encode(ORDER, CAP);

        assertThat(json)
                .contains("\"later\":[\"term\",\"MONTH\"]")
                .contains("\"payment\":{\"@type\":\"card\",\"number\":\"4111\"}")
                .contains("{\"@type\":\"invoice\",\"address\":\"here\",\"fallback\":{\"@type\":\"cash\",\"cents\":6}}");
        assertThat(types.json().decode(json, Order.class)).isEqualTo(ORDER);
        assertThat(types.names()).containsExactly("order");
    }

    @Test
    @DisplayName(
            "12.11 a sealed type registered as payload is named in fields as well, and its payloads stay as they were")
    void register_sealedPayload_namesItsFields() {
        EventTypes types = EventTypes.of(Shape.class);
        Group group = new Group(List.of(new Dot(1), new Group(List.of(new Dot(2)))));

        String json = types.json().encode(group, CAP);

        assertThat(json)
                .isEqualTo(
                        "{\"members\":[{\"@type\":\"dot\",\"x\":1},{\"@type\":\"group\",\"members\":[{\"@type\":\"dot\",\"x\":2}]}]}");
        assertThat(types.json().decode(json, Group.class)).isEqualTo(group);
        assertThat(types.json().encode(new Dot(1), CAP)).isEqualTo("{\"x\":1}");
    }

    @Test
    @DisplayName("12.11 names in @EventType need no registration")
    void eventType_onWhatIsPermitted_namesFields() {
        EventTypes types = EventTypes.of(HoldsNamed.class);
        HoldsNamed payload = new HoldsNamed(new NamedTwo(2));

        String json = types.json().encode(payload, CAP);

        assertThat(json).isEqualTo("{\"value\":{\"@type\":\"two\",\"n\":2}}");
        assertThat(types.json().decode(json, HoldsNamed.class)).isEqualTo(payload);
    }

    @Test
    @DisplayName("12.11 of several names for a nested class the first is written and all are read")
    void registerNested_severalNames_writesTheFirst() {
        EventTypes types = EventTypes.builder()
                .register(HoldsNamed.class)
                .registerNested("uno", NamedOne.class)
                .registerNested("un", NamedOne.class)
                .build();

        assertThat(types.json().encode(new HoldsNamed(new NamedOne(1)), CAP))
                .isEqualTo("{\"value\":{\"@type\":\"uno\",\"n\":1}}");
        for (String name : List.of("uno", "un", "one")) {
            assertThat(types.json()
                            .decode("{\"value\":{\"n\":1,\"@type\":\"%s\"}}".formatted(name), HoldsNamed.class)
                            .value())
                    .isEqualTo(new NamedOne(1));
        }
    }

    @Test
    @DisplayName("12.11 a name that is missing or unknown is refused, naming the type and the path but no value")
    void decode_unknownName_isRefused() {
        EventTypes types = EventTypes.of(HoldsNamed.class);

        for (String json : List.of(
                "{\"value\":{\"n\":1}}",
                "{\"value\":{\"@type\":\"hunter2\",\"n\":1}}",
                "{\"value\":{\"@type\":\"dev.millrace.event.NestedNamesTest$NamedOne\",\"n\":1}}")) {
            assertThatExceptionOfType(ValidationException.class)
                    .isThrownBy(() -> types.json().decode(json, HoldsNamed.class))
                    .withMessageContaining(" at $.value: the name that says which " + Named.class.getTypeName())
                    .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hunter2"));
        }
    }

    @Test
    void registerNested_whatCannotBeNamed_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventTypes.builder()
                        .register(Order.class)
                        .registerNested("payment", Payment.class)
                        .build())
                .withMessageContaining("stands for several classes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventTypes.builder()
                        .register(Order.class)
                        .registerNested(Runnable.class)
                        .build())
                .withMessageContaining("is abstract and not sealed");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventTypes.builder()
                        .register(Order.class)
                        .registerNested("x", Card.class)
                        .registerNested("x", Cash.class)
                        .registerNested(Later.class)
                        .build())
                .withMessageContaining("permits two classes called 'x'");
    }
}
