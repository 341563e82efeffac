package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the JSON of a payload lacks is never read as 0 or null without a word. */
@NullUnmarked // the package is marked
class StrictReadingTest {
    private static final int CAP = 10_000;
    private static final String SECRET = "hunter2";

    record Order(String name, int count, boolean paid) {}

    record Basket(List<Order> orders, Map<String, Order> byName) {}

    record Boxed(@Nullable String name, Integer count) {}

    record Renamed(@JsonAlias("amount") int count) {}

    record WithDefault(@JsonSetter(nulls = Nulls.AS_EMPTY) int count) {}

    static final class Numbers {
        public int[] all = {};
    }

    record Sure(@NonNull String name) {}

    record Parent(@Nullable Sure sure) {}

    @Retention(RetentionPolicy.RUNTIME)
    @interface NotNull {}

    record Marked(@NotNull String name) {}

    @NullMarked
    record AllSure(String name, List<String> tags, @Nullable String note, Optional<String> maybe, JsonNode tree) {}

    @NullMarked
    record Compact(String name) {
        Compact {
            if (name.isBlank()) {
                throw new IllegalArgumentException(name);
            }
        }
    }

    @NullMarked
    record Generic<T>(T value) {}

    @NullMarked
    static final class Outer {
        record Inner(String name) {}

        @NullUnmarked
        record Free(String name) {}
    }

    static final class Made {
        final int count;
        final String name;

        @JsonCreator
        Made(@JsonProperty("count") int count, @JsonProperty("name") @NonNull String name) {
            this.count = count;
            this.name = name;
        }
    }

    static final class Set {
        public @NonNull String name = "none";
        public int count = 3;
    }

    private static final ApplicationJson JDK8 = ApplicationJson.with(settings -> settings.addModule(new Jdk8Module()));

    static List<Arguments> incomplete() {
        return List.of(
                Arguments.of("{\"name\":\"hunter2\",\"paid\":true}", Order.class, "$.count", "it is missing or null"),
                Arguments.of("{\"name\":\"hunter2\",\"count\":1}", Order.class, "$.paid", "boolean cannot be null"),
                Arguments.of(
                        "{\"name\":\"hunter2\",\"count\":null,\"paid\":true}",
                        Order.class,
                        "$.count",
                        "missing or null"),
                Arguments.of("{\"name\":\"hunter2\",\"count\":1.5,\"paid\":true}", Order.class, "$.count", "int"),
                Arguments.of("{\"name\":\"hunter2\",\"count\":\"\",\"paid\":true}", Order.class, "$.count", "int"),
                Arguments.of("{\"count\":\"\"}", Boxed.class, "$.count", "Integer"),
                Arguments.of("{\"orders\":[{\"name\":\"hunter2\"}]}", Basket.class, "$.orders[0].count", "null"),
                Arguments.of("{\"byName\":{\"a\":{\"count\":2}}}", Basket.class, "$.byName.a.paid", "null"),
                Arguments.of("{\"cnt\":1}", Renamed.class, "$.count", "missing or null"),
                Arguments.of("{\"all\":[1,null]}", Numbers.class, "$.all[1]", "int[]"),
                Arguments.of("{}", Sure.class, "$.name", "it is missing or null, and its declaration"),
                Arguments.of("{\"name\":null}", Sure.class, "$.name", "it is missing or null, and its declaration"),
                Arguments.of("{\"sure\":{}}", Parent.class, "$.sure.name", "must not be"),
                Arguments.of("{}", Marked.class, "$.name", "must not be"),
                Arguments.of("{\"tags\":[]}", AllSure.class, "$.name", "must not be"),
                Arguments.of("{\"name\":\"hunter2\",\"tags\":null}", AllSure.class, "$.tags", "must not be"),
                Arguments.of("{}", Compact.class, "$.name", "must not be"),
                Arguments.of("{}", Outer.Inner.class, "$.name", "must not be"),
                Arguments.of("{\"name\":\"hunter2\"}", Made.class, "$.count", "int cannot be null"),
                Arguments.of("{\"count\":1}", Made.class, "$.name", "must not be"),
                Arguments.of("{\"name\":null}", Set.class, "$.name", "must not be"),
                Arguments.of("{\"count\":null}", Set.class, "$.count", "int cannot be null"));
    }

    @ParameterizedTest(name = "{1} {2}")
    @MethodSource("incomplete")
    @DisplayName("12.10 a missing or null primitive and a null for a non-null component are refused with their path")
    void decode_incomplete_isRefusedNamingPathNotValue(String json, Class<?> type, String path, String why) {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> JDK8.decode(json, type))
                .withMessageStartingWith("undecodable payload for %s at %s: ".formatted(type.getTypeName(), path))
                .withMessageContaining(why)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain(SECRET));
    }

    @Test
    @DisplayName("12.10 what may be absent is absent: boxed, @Nullable, not marked, Optional, trees, with a default")
    void decode_whatMayBeAbsent_isRead() {
        assertThat(JDK8.decode("{}", Boxed.class)).isEqualTo(new Boxed(null, null));
        assertThat(JDK8.decode("{\"name\":\"a\",\"tags\":[],\"added\":{}}", AllSure.class))
                .isEqualTo(new AllSure("a", List.of(), null, Optional.empty(), null));
        assertThat(JDK8.decode("{\"name\":\"a\",\"tags\":[],\"tree\":null,\"maybe\":null}", AllSure.class))
                .isEqualTo(new AllSure("a", List.of(), null, Optional.empty(), NullNode.instance));
        assertThat(JDK8.decode("{}", Outer.Free.class)).isEqualTo(new Outer.Free(null));
        assertThat(JDK8.decode("{}", Generic.class).value()).isNull();
        assertThat(JDK8.decode("{}", Parent.class)).isEqualTo(new Parent(null));
        assertThat(JDK8.decode("{}", WithDefault.class)).isEqualTo(new WithDefault(0));
        assertThat(JDK8.decode("{}", Set.class).count).isEqualTo(3);
    }

    @Test
    @DisplayName("12.10 an old name is read by @JsonAlias, and unknown fields are ignored")
    void decode_oldName_isReadByAlias() {
        assertThat(Payloads.decode("{\"amount\":7,\"later\":[1]}", Renamed.class))
                .isEqualTo(new Renamed(7));
        assertThat(Payloads.encode(new Renamed(7), CAP)).isEqualTo("{\"count\":7}");
    }

    @Test
    @DisplayName("12.10 what could not be read back is refused when it is appended")
    @SuppressWarnings("NullOptional") // what is forbidden is what is tried
    void encode_nullForANonNullComponent_isRefused() {
        for (Object payload : List.of(
                new Sure(null), new Marked(null), new Outer.Inner(null), new AllSure("a", null, null, null, null))) {
            assertThatExceptionOfType(ValidationException.class)
                    .isThrownBy(() -> JDK8.encode(payload, CAP))
                    .withMessageMatching("payload refused at \\$\\.(name|tags): .*must not be");
        }
        assertThat(Payloads.encode(new Outer.Free(null), CAP)).isEqualTo("{\"name\":null}");
        assertThat(ApplicationJson.DEFAULT.write(new Sure(null), CAP).text()).isEqualTo("{\"name\":null}");
    }

    @Test
    @DisplayName("12.10 an application may read less strictly")
    void decode_withFeaturesOfTheApplication_followsThem() {
        ApplicationJson lax =
                ApplicationJson.with(settings -> settings.disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                        .enable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES));

        assertThat(lax.decode("{\"name\":\"a\",\"count\":1.5}", Order.class)).isEqualTo(new Order("a", 1, false));
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> lax.decode("{\"count\":1,\"paid\":true,\"more\":1}", Order.class));
    }

    enum Color {
        RED,
        GREEN
    }

    enum Level {
        LOW,
        HIGH;

        @JsonValue
        int number() {
            return 10 * (ordinal() + 1);
        }
    }

    record Painted(Color color) {}

    record Leveled(Level level) {}

    record Flag(boolean on) {}

    record Count(int count, @Nullable Long far) {}

    @Test
    @DisplayName("12.10 a number for an enum or a boolean is refused, and never read as its position")
    void number_forAnEnumOrABoolean_isRefused() {
        for (String number : List.of("1", "\"1\"", "0", "1.0")) {
            assertThatExceptionOfType(ValidationException.class)
                    .as(number)
                    .isThrownBy(() -> ApplicationJson.DEFAULT.decode("{\"color\":" + number + "}", Painted.class))
                    .withMessageContaining("$.color");
        }
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> ApplicationJson.DEFAULT.decode("{\"on\":2}", Flag.class))
                .withMessageContaining("$.on");
        assertThat(ApplicationJson.DEFAULT
                        .decode("{\"color\":\"GREEN\"}", Painted.class)
                        .color())
                .isEqualTo(Color.GREEN);
        assertThat(ApplicationJson.DEFAULT
                        .decode("{\"level\":20}", Leveled.class)
                        .level())
                .as("by its @JsonValue")
                .isEqualTo(Level.HIGH);
    }

    @Test
    @DisplayName("12.10 a number that its component cannot hold is told of in words of ours")
    void number_outOfRange_isToldOfPlainly() {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> ApplicationJson.DEFAULT.decode("{\"count\":99999999999}", Count.class))
                .withMessageContaining("at $.count: its number is out of the range of int")
                .withMessageNotContaining("jackson")
                .withMessageNotContaining("99999999999");
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> ApplicationJson.DEFAULT.decode("{\"count\":1,\"far\":1e30}", Count.class))
                .withMessageNotContaining("jackson");
    }

    record Narrow(byte small, @Nullable Byte boxed, float single, double wide) {}

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"small\":200,\"boxed\":1,\"single\":1,\"wide\":1}",
                "{\"small\":1,\"boxed\":128,\"single\":1,\"wide\":1}",
                "{\"small\":1,\"boxed\":1,\"single\":1e300,\"wide\":1}",
                "{\"small\":1,\"boxed\":1,\"single\":1,\"wide\":1e400}",
                "{\"small\":1,\"boxed\":1,\"single\":1,\"wide\":\"NaN\"}",
                "{\"small\":1,\"boxed\":1,\"single\":\"-Infinity\",\"wide\":1}"
            })
    @DisplayName("12.10 a number that its component cannot hold is refused, and not read as another")
    void number_thatWouldBeReadAsAnother_isRefused(String json) {
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> ApplicationJson.DEFAULT.decode(json, Narrow.class))
                .withMessageContaining("out of the range of");
        assertThat(ApplicationJson.DEFAULT.decode(
                        "{\"small\":-128,\"boxed\":null,\"single\":1.5,\"wide\":-1e300}", Narrow.class))
                .isEqualTo(new Narrow((byte) -128, null, 1.5f, -1e300));
        assertThatExceptionOfType(ValidationException.class)
                .as("missing primitives stay refused")
                .isThrownBy(() -> ApplicationJson.DEFAULT.decode("{\"boxed\":1}", Narrow.class));
    }
}
