package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
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

class EventTypesTest {
    record ApiCall(String endpoint) {}

    @EventType("order.placed")
    record OrderPlaced(int id) {}

    @EventType("order.placed")
    record OtherOrder(int id) {}

    @EventType(" ")
    record Unnamed() {}

    static class Base {
        public int value;
    }

    static class Derived extends Base {}

    @SuppressWarnings("ClassCanBeStatic") // being inner is what is refused
    class Inner {
        public int value;
    }

    sealed interface Shape permits Circle, Polygon, Dot {}

    record Circle(double radius) implements Shape {}

    abstract static sealed class Polygon implements Shape permits Square, Rest {}

    static final class Square extends Polygon {
        public double side;
    }

    static non-sealed class Rest extends Polygon {
        public List<Double> sides = List.of();
    }

    enum Dot implements Shape {
        SMALL,
        LARGE {
            @Override
            int size() {
                return 2;
            }
        };

        int size() {
            return 1;
        }
    }

    static sealed class Animal permits Dog {
        public String name = "";
    }

    static final class Dog extends Animal {}

    sealed interface Open permits Leaky {}

    non-sealed interface Leaky extends Open {}

    @EventType("shape")
    sealed interface Named permits NamedOne {}

    record NamedOne() implements Named {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
    interface ByClassName {}

    record HoldsByClassName(ByClassName value) {}

    interface Plain {}

    @ParameterizedTest
    @CsvSource({
        "ApiCall,api-call",
        "HTTPCall,http-call",
        "Http2Call,http2-call",
        "HTTP2Call,http2-call",
        "URL,url",
        "Order66Placed,order66-placed",
        "parseJSON,parse-json",
        "A,a",
        "AB,ab",
        "ABc,a-bc",
        "My_Type,my-type",
        "_Odd__Name_,odd-name-",
        "ÉtatCivil,état-civil"
    })
    void kebab_ofSimpleNames_splitsIntoWords(String simpleName, String kebab) {
        assertThat(TypeNames.kebab(simpleName)).isEqualTo(kebab);
    }

    @Test
    void nameOf_registeredClasses_isAnnotationOrKebabCase() {
        EventTypes types = EventTypes.builder()
                .register(ApiCall.class)
                .register(OrderPlaced.class)
                .register("base", Base.class)
                .build();

        assertThat(types.names()).containsExactly("api-call", "order.placed", "base");
        assertThat(types.nameOf(new ApiCall("/"))).isEqualTo("api-call");
        assertThat(types.nameOf(new OrderPlaced(1))).isEqualTo("order.placed");
        assertThat(types.nameOfClass(Base.class)).isEqualTo("base");
        assertThat(types.classOf("order.placed")).contains(OrderPlaced.class);
        assertThat(types).hasToString("EventTypes(api-call, order.placed, base)");
    }

    @Test
    void register_sealedType_registersWhatItPermits() {
        EventTypes types = EventTypes.of(Shape.class, Animal.class);

        assertThat(types.names()).containsExactly("circle", "square", "rest", "dot", "animal", "dog");
        assertThat(types.nameOf(new Circle(1))).isEqualTo("circle");
        assertThat(types.nameOf(new Square())).isEqualTo("square");
        assertThat(types.nameOf(Dot.LARGE)).isEqualTo("dot");
        assertThat(types.nameOf(new Dog())).isEqualTo("dog");
        assertThat(types.classOf("dot")).contains(Dot.class);
        assertThat(types.classOf("shape")).isEmpty();
        assertThat(Payloads.decode(Payloads.encode(Dot.LARGE, 100), Dot.class)).isSameAs(Dot.LARGE);
    }

    @Test
    @DisplayName("R-083 what is no subclass of any registered type is refused as the model words it")
    void nameOf_unrelated_isRefused() {
        EventTypes types = EventTypes.of(ApiCall.class);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> types.nameOf(new OrderPlaced(1)))
                .withMessageContaining("OrderPlaced is not a subclass of any allowed type [")
                .withMessageContaining("ApiCall");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> types.nameOfClass(OrderPlaced.class))
                .withMessageContaining("is not a subclass of any allowed type");
    }

    @Test
    @DisplayName("R-083 a subclass needs a name of its own, to be read back as what it is")
    void nameOf_unregisteredSubclass_isRefusedWithAdvice() {
        EventTypes types = EventTypes.of(Base.class);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> types.nameOf(new Derived()))
                .withMessageContaining("Derived is a subclass of the allowed type")
                .withMessageContaining("register it too");
        assertThat(EventTypes.of(Base.class, Derived.class).nameOf(new Derived()))
                .isEqualTo("derived");
    }

    @Test
    @DisplayName("R-083 strict: exact classes only, and permitted subclasses do not come along")
    void nameOf_strict_acceptsOnlyWhatWasGiven() {
        EventTypes types =
                EventTypes.builder().register(Animal.class).strict(true).build();

        assertThat(types.nameOf(new Animal())).isEqualTo("animal");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> types.nameOf(new Dog()))
                .withMessageContaining("Dog is not in allowed types [")
                .withMessageEndingWith("(strict_type=True, no subclasses allowed)");
        assertThat(types).hasToString("EventTypes(animal, strict)");
    }

    @Test
    @DisplayName("R-083 strict: a type that nothing is exactly of cannot be registered")
    void build_strictWithAbstractType_isRefused() {
        for (Class<?> type : List.of(Shape.class, Map.class, JsonNode.class)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            EventTypes.builder().register(type).strict(true).build())
                    .withMessageContaining("a strict registry accepts exact classes only");
        }
    }

    @Test
    void nameOf_openTypes_isTheFirstThatFits() {
        EventTypes types = EventTypes.of(Map.class, List.class, JsonNode.class);

        assertThat(types.nameOf(Map.of("a", 1))).isEqualTo("map");
        assertThat(types.nameOf(new ArrayList<>())).isEqualTo("list");
        assertThat(types.nameOf(JsonNodeFactory.instance.objectNode())).isEqualTo("json-node");
        assertThatIllegalArgumentException().isThrownBy(() -> types.nameOf("text"));
    }

    static Stream<Arguments> unfit() {
        class LocalClass {}
        Object anonymous = new Object() {};
        Runnable lambda = () -> {};
        return Stream.of(
                Arguments.of(anonymous.getClass(), "has no name"),
                Arguments.of(lambda.getClass(), "has no name"),
                Arguments.of(int[].class, "no class with a name"),
                Arguments.of(ApiCall[].class, "no class with a name"),
                Arguments.of(int.class, "no class with a name"),
                Arguments.of(LocalClass.class, "is local to a method"),
                Arguments.of(Inner.class, "make it static"),
                Arguments.of(Plain.class, "is abstract and not sealed"),
                Arguments.of(Leaky.class, "is abstract and not sealed"),
                Arguments.of(Named.class, "name the classes it permits"),
                Arguments.of(Object.class, "declare a record"),
                Arguments.of(Class.class, "declare a record"),
                Arguments.of(IllegalStateException.class, "declare a record"),
                Arguments.of(HoldsByClassName.class, "cannot be read back"));
    }

    @ParameterizedTest
    @MethodSource("unfit")
    void build_whatCannotBeAPayload_isRefused(Class<?> type, String why) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventTypes.of(type))
                .withMessageStartingWith(type.getTypeName() + " cannot be an event type: it ")
                .withMessageContaining(why);
    }

    @Test
    void build_sealedTypeThatPermitsAnOpenOne_isRefusedNamingTheOpenOne() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventTypes.of(Open.class))
                .withMessageStartingWith(Leaky.class.getTypeName() + " cannot be an event type: it is abstract");
    }

    @Test
    void build_localRecord_isFine() {
        record Local(int value) {}

        EventTypes types = EventTypes.of(Local.class);

        assertThat(types.nameOf(new Local(1))).isEqualTo("local");
        assertThat(Payloads.decode(Payloads.encode(new Local(7), 100), Local.class))
                .isEqualTo(new Local(7));
    }

    @Test
    void build_twoClassesUnderOneName_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventTypes.of(OrderPlaced.class, OtherOrder.class))
                .withMessageContaining("'order.placed' is taken by")
                .withMessageContaining("OtherOrder");
    }

    @Test
    @DisplayName("12.10 one class under several names: the first is written, all are read")
    void build_oneClassUnderTwoNames_writesTheFirst() {
        EventTypes types = EventTypes.builder()
                .register("send-mail", ApiCall.class)
                .register("send-email", ApiCall.class)
                .build();

        assertThat(types.names()).containsExactly("send-mail", "send-email");
        assertThat(types.nameOf(new ApiCall("/"))).isEqualTo("send-mail");
        assertThat(types.classOf("send-mail")).contains(ApiCall.class);
        assertThat(types.classOf("send-email")).contains(ApiCall.class);
    }

    @Test
    @DisplayName("12.26 the base is registered beside the others, unless it is one of them or nothing can be of it")
    void build_withBase_registersItToo() {
        assertThat(EventTypes.builder()
                        .base(Base.class)
                        .register(Derived.class)
                        .build()
                        .names())
                .containsExactly("base", "derived");
        assertThat(EventTypes.builder()
                        .base(Base.class)
                        .register("mine", Base.class)
                        .build()
                        .names())
                .containsExactly("mine");
        assertThat(EventTypes.builder()
                        .base(Shape.class)
                        .register("ring", Circle.class)
                        .build()
                        .names())
                .containsExactly("square", "rest", "dot", "ring");
        assertThat(EventTypes.builder()
                        .base(Plain.class)
                        .register(ApiCall.class)
                        .build()
                        .names())
                .containsExactly("api-call");
        assertThat(EventTypes.builder()
                        .base(Object.class)
                        .register(ApiCall.class)
                        .build()
                        .names())
                .containsExactly("api-call");
        assertThat(EventTypes.builder()
                        .base(Shape.class)
                        .strict(true)
                        .register(Circle.class)
                        .build()
                        .names())
                .containsExactly("circle");
        assertThat(EventTypes.builder()
                        .base(Base.class)
                        .strict(true)
                        .register(Derived.class)
                        .build()
                        .names())
                .containsExactly("base", "derived");
        assertThat(EventTypes.builder().base(Shape.class).build().names())
                .containsExactly("circle", "square", "rest", "dot");
    }

    @Test
    void build_withAnAbstractBaseAlone_isRefused() {
        for (Class<?> base : List.of(Plain.class, Object.class)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EventTypes.builder().base(base).build())
                    .withMessageStartingWith(base.getTypeName() + " cannot be an event type: it ");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        EventTypes.builder().base(Shape.class).strict(true).build())
                .withMessageContaining("a strict registry accepts exact classes only");
    }

    @Test
    void build_oneClassTwice_isOnce() {
        assertThat(EventTypes.of(Circle.class, Shape.class, Circle.class).names())
                .containsExactly("circle", "square", "rest", "dot");
    }

    @Test
    void build_badNamesOrNone_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> EventTypes.of(Unnamed.class));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventTypes.builder().register("a\u0000", ApiCall.class));
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        EventTypes.builder().register("shape", Shape.class).build())
                .withMessageContaining("stands for several classes");
        assertThatIllegalArgumentException().isThrownBy(EventTypes::of).withMessageContaining("no event type");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "java.lang.Runtime",
                "java.lang.ProcessBuilder",
                "javax.naming.InitialContext",
                "com.sun.rowset.JdbcRowSetImpl",
                "[Ljava.lang.String;",
                "dev.millrace.event.EventTypesTest$ApiCall",
                "ApiCall",
                "API-CALL",
                "api-call\u0000",
                ""
            })
    void classOf_anyOtherName_isEmpty(String name) {
        assertThat(EventTypes.of(ApiCall.class).classOf(name)).isEmpty();
    }
}
