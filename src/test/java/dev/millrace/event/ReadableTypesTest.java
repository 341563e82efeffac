package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What Jackson cannot read back is refused when the registry is built, with the path to it; all else is not. */
class ReadableTypesTest {
    sealed interface Payment permits Card, Cash {}

    record Card(String number) implements Payment {}

    record Cash(int cents) implements Payment {}

    record Order(Payment payment) {}

    record Orders(List<Payment> payments) {}

    record Prices(Map<String, Payment[]> byName) {}

    record Deep(Optional<String> note, List<Order> orders) {}

    record Optionally(Optional<String> note) {}

    record Counted(OptionalInt count) {}

    record Unwraps(@JsonUnwrapped Order order) {}

    record Running(Runnable code) {}

    record Streaming(Stream<String> lines) {}

    record Reading(InputStream in) {}

    abstract static class Animal {
        public String name;
    }

    record Zoo(Set<Animal> animals) {}

    static final class Money {
        private final long cents;
        private final String currency;

        Money(long cents, String currency) {
            this.cents = cents;
            this.currency = currency;
        }

        public long getCents() {
            return cents;
        }

        public String getCurrency() {
            return currency;
        }
    }

    /** Jackson finds a constructor for numbers, but writes an object. */
    static final class Cents {
        private final long cents;

        public Cents(long cents) {
            this.cents = cents;
        }

        public long getCents() {
            return cents;
        }
    }

    record Paid(Money money) {}

    record Box<T>(T value) {}

    @SuppressWarnings("rawtypes")
    record RawBox(Box box) {}

    @SuppressWarnings("rawtypes")
    record RawList(List list) {}

    record ClassHolder(Class<?> type) {}

    record TypeHolder(JavaType type) {}

    record Keyed(Map<Money, String> map) {}

    record KeyedInList(List<Keyed> keyed) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
    interface ByClass {}

    record HoldsByClass(List<ByClass> values) {}

    record HoldsByMember(
            @JsonTypeInfo(use = JsonTypeInfo.Id.MINIMAL_CLASS)
            Object value) {}

    record HoldsListByMember(
            @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS) List<Object> values) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    interface Nameless {}

    record HoldsNameless(Nameless value) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes(@JsonSubTypes.Type(value = Some.class, name = "some"))
    sealed interface Partly permits Some, Other {}

    record Some(int n) implements Partly {}

    record Other(int n) implements Partly {}

    record HoldsPartly(Partly value) {}

    sealed interface Leaky permits Open {}

    @EventType("open")
    non-sealed interface Open extends Leaky {}

    record HoldsLeaky(Leaky value) {}

    static sealed class Vehicle permits Car {
        public int wheels;
    }

    static final class Car extends Vehicle {}

    record Garage(List<Vehicle> vehicles) {}

    sealed interface Twins permits Left, Right {}

    @EventType("twin")
    record Left(int n) implements Twins {}

    @EventType("twin")
    record Right(int n) implements Twins {}

    record HoldsTwins(Twins value) {}

    static List<Arguments> unreadable() {
        return List.of(
                Arguments.of(
                        Order.class,
                        "Order.payment: sealed interface Payment has no names; register what it permits with registerNested(Payment.class), or annotate with @EventType: Card, Cash"),
                Arguments.of(Orders.class, "Orders.payments[]: sealed interface Payment has no names; register"),
                Arguments.of(Prices.class, "Prices.byName[][]: sealed interface Payment has no names; register"),
                Arguments.of(
                        Optionally.class,
                        "Optionally.note: Jackson cannot read java.util.Optional without jackson-datatype-jdk8; add it: Millrace.builder().jackson("),
                Arguments.of(Counted.class, "Counted.count: Jackson cannot read java.util.OptionalInt without"),
                Arguments.of(Unwraps.class, "Unwraps.order.payment: sealed interface Payment has no names"),
                Arguments.of(Running.class, "Running.code: interface Runnable is not sealed, so its classes are not"),
                Arguments.of(Streaming.class, "Streaming.lines: interface Stream is not sealed"),
                Arguments.of(Reading.class, "Reading.in: abstract class InputStream is not sealed"),
                Arguments.of(Zoo.class, "Zoo.animals[]: abstract class Animal is not sealed"),
                Arguments.of(Ranked.class, "Ranked.rank: Rank is an enum that is written as its position"),
                Arguments.of(RankedHere.class, "RankedHere.plain: Plain is an enum that is written as its position"),
                Arguments.of(Money.class, "Money: Money has no constructor that Jackson can use; make it a record"),
                Arguments.of(Paid.class, "Paid.money: Money has no constructor that Jackson can use"),
                Arguments.of(Cents.class, "Cents: Cents has no constructor that Jackson can use"),
                Arguments.of(Box.class, "Box: Box is generic, and nothing says what its T is; declare it"),
                Arguments.of(RawBox.class, "RawBox.box: Box is generic, and nothing says what its T is"),
                Arguments.of(RawList.class, "RawList.list: interface List is generic, and nothing says what its E is"),
                Arguments.of(ClassHolder.class, "ClassHolder.type: a class is never loaded by its name"),
                Arguments.of(TypeHolder.class, "TypeHolder.type: a class is never loaded by its name"),
                Arguments.of(Keyed.class, "Keyed.map: "),
                Arguments.of(KeyedInList.class, "KeyedInList.keyed[].map: "),
                Arguments.of(
                        HoldsByClass.class,
                        "HoldsByClass.values[]: interface ByClass lets the JSON choose classes by their class names (@JsonTypeInfo(use = CLASS))"),
                Arguments.of(HoldsByMember.class, "HoldsByMember.value: Object lets the JSON choose classes"),
                Arguments.of(HoldsListByMember.class, "HoldsListByMember.values: "),
                Arguments.of(Deduces.class, "Deduces.value: interface Deduced lets the JSON choose classes"),
                Arguments.of(HoldsNameless.class, "HoldsNameless.value: interface Nameless names no classes"),
                Arguments.of(
                        HoldsPartly.class,
                        "HoldsPartly.value: interface Partly permits Other, which is not among its @JsonSubTypes"),
                Arguments.of(
                        HoldsLeaky.class, "HoldsLeaky.value: sealed interface Leaky permits Open, which is not sealed"),
                Arguments.of(Garage.class, "Garage.vehicles[]: Vehicle is sealed but not abstract"),
                Arguments.of(
                        HoldsTwins.class,
                        "HoldsTwins.value: interface Twins permits two classes called 'twin', Left and Right"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unreadable")
    @DisplayName("12.11 build() refuses what Jackson cannot read back, naming the path")
    void build_unreadable_isRefusedNamingThePath(Class<?> type, String why) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventTypes.of(type))
                .withMessageStartingWith(type.getTypeName() + " cannot be an event type: it cannot be read back: ")
                .withMessageContaining("cannot be read back: " + why);
    }

    enum Color {
        RED,
        GREEN {
            @Override
            public String toString() {
                return "green";
            }
        }
    }

    record Everything(
            int a,
            Long b,
            BigDecimal c,
            String d,
            UUID f,
            Instant g,
            Duration h,
            Color i,
            EnumSet<Color> j,
            EnumMap<Color, List<Integer>> k,
            Collection<String> l,
            Iterable<String> m,
            Map<UUID, int[][]> n,
            Object o,
            Number p,
            CharSequence q,
            JsonNode r,
            AtomicReference<String> s,
            Map.Entry<String, Integer> t,
            List<Object> u,
            List<?> v,
            Map<String, ? extends Number> w) {}

    record Node(String name, List<Node> children, Node parent) {}

    static final class Bean {
        private Box<String> box;

        public Box<String> getBox() {
            return box;
        }

        public void setBox(Box<String> box) {
            this.box = box;
        }
    }

    static final class Created {
        private final int n;

        @JsonCreator
        Created(@JsonProperty("n") int n) {
            this.n = n;
        }

        public int getN() {
            return n;
        }
    }

    record Wrapped(Token token) {}

    static final class Token {
        private final String text;

        @JsonCreator
        Token(String text) {
            this.text = text;
        }

        @JsonValue
        String text() {
            return text;
        }
    }

    record ByHand(
            @JsonDeserialize(using = ByHandReader.class) Runnable code) {}

    static final class ByHandReader extends JsonDeserializer<Runnable> {
        @Override
        public Runnable deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            parser.skipChildren();
            return () -> {};
        }
    }

    record As(@JsonDeserialize(as = Card.class) Payment payment) {}

    record Annotated(ByName value, List<ByName> more) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({@JsonSubTypes.Type(value = One.class, name = "one"), @JsonSubTypes.Type(Two.class)})
    interface ByName {}

    record One(int n) implements ByName {}

    record Two(List<ByName> inner) implements ByName {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.DEDUCTION)
    @JsonSubTypes({@JsonSubTypes.Type(Tall.class), @JsonSubTypes.Type(Wide.class)})
    interface Deduced {}

    record Tall(int a) implements Deduced {}

    record Wide(int b) implements Deduced {}

    record Deduces(Deduced value) {}

    record Generics(Box<Box<Order2>> box) {}

    record Order2(int n) {}

    static List<Class<?>> readable() {
        return List.of(
                Everything.class,
                Node.class,
                Bean.class,
                Created.class,
                Wrapped.class,
                ByHand.class,
                As.class,
                Annotated.class,
                Generics.class,
                Color.class,
                Vehicle.class,
                String.class,
                Instant.class,
                Map.class,
                List.class,
                JsonNode.class);
    }

    @ParameterizedTest
    @MethodSource("readable")
    @DisplayName("12.11 what Jackson can read is accepted, such as enums, records, generics, recursion and own readers")
    void build_readable_isAccepted(Class<?> type) {
        assertThat(EventTypes.of(type).nameOfClass(type)).isNotEmpty();
    }

    @Test
    @DisplayName("12.11 a response class that cannot be read is refused saying why")
    void readResponse_unreadableClass_saysWhy() {
        UUID id = UUID.randomUUID();

        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> ApplicationJson.DEFAULT.readResponse(
                        id, Json.parse("{\"payment\":{\"number\":\"1\"}}"), Order.class))
                .withMessageStartingWith("undecodable response of event %s for %s at $.payment: "
                        .formatted(id, Order.class.getTypeName()))
                .withMessageContaining(": Order.payment: sealed interface Payment has no names");
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() ->
                        ApplicationJson.DEFAULT.readResponse(id, Json.parse("{\"note\":\"x\"}"), Optionally.class))
                .withMessageContaining("without jackson-datatype-jdk8");
    }

    @JsonFormat(shape = JsonFormat.Shape.NUMBER)
    enum Rank {
        FIRST
    }

    enum Plain {
        ONE
    }

    record Ranked(Rank rank) {}

    record RankedHere(
            @JsonFormat(shape = JsonFormat.Shape.NUMBER_INT) Plain plain) {}
}
