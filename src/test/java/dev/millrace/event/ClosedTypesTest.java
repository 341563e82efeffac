package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Nothing that a row says may load a class. */
class ClosedTypesTest {
    private static final AtomicBoolean LOADED = new AtomicBoolean();

    /** Tells when it is initialized. Only ever named as a text here, never used. */
    static final class Gadget {
        static {
            LOADED.set(true);
        }

        public String command;
    }

    private static final String GADGET = ClosedTypesTest.class.getName() + "$Gadget";

    record Holder(Object value, Map<String, Object> map) {}

    record HoldsClass(Class<?> value) {}

    record HoldsType(JavaType value) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
    interface ByClass {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.MINIMAL_CLASS)
    interface ByMinimalClass {}

    record HoldsByClass(ByClass value) {}

    record HoldsByMinimalClass(ByMinimalClass value) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes(@JsonSubTypes.Type(value = Card.class, name = "card"))
    sealed interface Payment permits Card {}

    record Card(String number) implements Payment {}

    record Order(Payment payment) {}

    private static List<String> gadgets() {
        return List.of(
                "{\"@class\":\"%s\",\"command\":\"x\"}",
                "[\"%s\",{\"command\":\"x\"}]",
                "{\"value\":{\"@class\":\"%s\"},\"map\":{\"a\":[\"%s\",{}]}}",
                "{\"value\":[\"%s\",{\"command\":\"x\"}]}",
                "{\"value\":\"%s\"}",
                "{\"value\":{\"@c\":\".ClosedTypesTest$Gadget\"}}",
                "{\"@type\":\"%s\"}",
                "\"%s\"");
    }

    @Test
    void decode_payloadsThatNameAClass_neverLoadIt() {
        for (String gadget : gadgets()) {
            String json = gadget.replace("%s", GADGET);
            for (Class<?> type : List.of(
                    Holder.class,
                    HoldsClass.class,
                    HoldsType.class,
                    HoldsByClass.class,
                    HoldsByMinimalClass.class,
                    ByClass.class,
                    Class.class,
                    Object.class,
                    Map.class,
                    List.class,
                    JsonNode.class)) {
                try {
                    Object decoded = Payloads.decode(json, type);
                    assertThat(decoded).isNotInstanceOf(Class.class);
                } catch (ValidationException refused) {
                    assertThat(refused).hasMessageStartingWith("undecodable payload for " + type.getTypeName());
                }
            }
        }
        assertThat(LOADED).isFalse();
    }

    @Test
    void decode_aClassOrAType_isRefused() {
        for (Class<?> type : List.of(HoldsClass.class, HoldsType.class)) {
            assertThatExceptionOfType(ValidationException.class)
                    .isThrownBy(() -> Payloads.decode("{\"value\":\"java.lang.String\"}", type));
        }
    }

    @Test
    void encode_aClass_isRefusedSinceItCouldNotBeReadBack() {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Payloads.encode(new HoldsClass(String.class), 1_000))
                .withMessageStartingWith("payload refused at $.value: ")
                .withMessageContaining("classes are never loaded by name");
    }

    @Test
    void decode_subtypesNamedInAnnotations_areChosenByTheirNames() {
        Order order = new Order(new Card("4111"));

        String json = Payloads.encode(order, 1_000);

        assertThat(json).isEqualTo("{\"payment\":{\"@type\":\"card\",\"number\":\"4111\"}}");
        assertThat(Payloads.decode(json, Order.class)).isEqualTo(order);
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> Payloads.decode(json.replace("card", GADGET), Order.class));
    }
}
