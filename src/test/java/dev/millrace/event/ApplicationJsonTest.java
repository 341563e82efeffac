package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.Module;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.BasicPolymorphicTypeValidator;
import com.fasterxml.jackson.databind.jsontype.impl.LaissezFaireSubTypeValidator;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.TypeFactory;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** An application's own settings and modules, which can do much but not let JSON choose classes. */
class ApplicationJsonTest {
    private static final int CAP = 100_000;
    private static final AtomicBoolean LOADED = new AtomicBoolean();

    /** Tells when it is initialized. Only ever named as a text here, never used. */
    static final class Gadget {
        static {
            LOADED.set(true);
        }

        public String command;
    }

    private static final String GADGET = ApplicationJsonTest.class.getName() + "$Gadget";

    record Optionally(Optional<String> note, Optional<List<Integer>> numbers) {}

    record UserName(String firstName) {}

    record Holder(Object value) {}

    interface Plain {}

    record HoldsPlain(Plain value) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
    interface ByClass {}

    @Test
    @DisplayName(
            "12.11 with the jdk8 module of the application Optional is written and read, in payloads and responses")
    void with_jdk8Module_readsOptional() {
        ApplicationJson json = ApplicationJson.with(settings -> settings.addModule(new Jdk8Module()));
        EventTypes types = EventTypes.builder().register(Optionally.class).build(json);
        Optionally payload = new Optionally(Optional.of("a"), Optional.empty());

        String text = types.json().encode(payload, CAP);

        assertThat(text).isEqualTo("{\"note\":\"a\",\"numbers\":null}");
        assertThat(types.json().decode(text, Optionally.class)).isEqualTo(payload);
        assertThat(types.json().decode("{}", Optionally.class))
                .isEqualTo(new Optionally(Optional.empty(), Optional.empty()));
        assertThat(json.write(Optional.of(List.of(1)), CAP).text()).isEqualTo("[1]");
    }

    @Test
    void with_settingsOfTheApplication_followsThem() {
        ApplicationJson json =
                ApplicationJson.with(settings -> settings.propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE));

        assertThat(json.encode(new UserName("Ada"), CAP)).isEqualTo("{\"first_name\":\"Ada\"}");
        assertThat(Payloads.encode(new UserName("Ada"), CAP)).isEqualTo("{\"firstName\":\"Ada\"}");
    }

    static List<Consumer<JsonMapper.Builder>> open() {
        return List.of(
                settings -> settings.activateDefaultTyping(LaissezFaireSubTypeValidator.instance),
                settings -> settings.activateDefaultTyping(
                        BasicPolymorphicTypeValidator.builder()
                                .allowIfBaseType(Object.class)
                                .build(),
                        ObjectMapper.DefaultTyping.NON_FINAL),
                settings -> settings.setDefaultTyping(new ObjectMapper.DefaultTypeResolverBuilder(
                                ObjectMapper.DefaultTyping.NON_FINAL, LaissezFaireSubTypeValidator.instance)
                        .init(JsonTypeInfo.Id.CLASS, null)),
                settings -> settings.addModule(opening()));
    }

    private static Module opening() {
        return new SimpleModule("opening") {
            private static final long serialVersionUID = 1L;

            @Override
            public void setupModule(SetupContext context) {
                ObjectMapper mapper = context.getOwner();
                mapper.activateDefaultTyping(LaissezFaireSubTypeValidator.instance);
            }
        };
    }

    @Test
    @DisplayName("12.11 an application cannot switch on default typing, by a setting or by a module")
    void with_defaultTyping_isRefused() {
        for (Consumer<JsonMapper.Builder> settings : open()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ApplicationJson.with(settings))
                    .withMessageStartingWith("the Jackson settings switch on default typing");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ApplicationJson.with(settings -> settings.typeFactory(TypeFactory.createDefaultInstance())))
                .withMessageStartingWith("the Jackson settings replace the type factory");
    }

    @Test
    @DisplayName("12.11 an application cannot name classes by a mix-in or a validator of its own")
    void build_classNamesByMixIn_isRefused() {
        ApplicationJson json = ApplicationJson.with(settings -> settings.addMixIn(Plain.class, ByClass.class)
                .polymorphicTypeValidator(LaissezFaireSubTypeValidator.instance));

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> EventTypes.builder().register(HoldsPlain.class).build(json))
                .withMessageContaining("HoldsPlain.value: interface Plain lets the JSON choose classes");
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> json.decode("{\"value\":{\"@class\":\"%s\"}}".formatted(GADGET), HoldsPlain.class));
        assertThat(LOADED).isFalse();
    }

    @Test
    @DisplayName("12.11 what the application keeps of its settings changes nothing later")
    void with_mapperKept_isACopy() {
        AtomicReference<ObjectMapper> kept = new AtomicReference<>();
        ApplicationJson json = ApplicationJson.with(settings -> kept.set(settings.build()));

        kept.get().activateDefaultTyping(LaissezFaireSubTypeValidator.instance, ObjectMapper.DefaultTyping.NON_FINAL);
        kept.get()
                .getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(5).build());

        assertThat(json.encode(new Holder(1), CAP)).isEqualTo("{\"value\":1}");
        Holder read = json.decode("{\"value\":[\"%s\",{\"command\":[[[[[[1]]]]]]}]}".formatted(GADGET), Holder.class);
        assertThat(read.value()).isInstanceOf(List.class);
        assertThat(LOADED).isFalse();
    }

    @Test
    @DisplayName("12.11 whatever the settings, what jsonb cannot hold is refused and the limits of reading stay")
    void with_anySettings_keepsTheChecks() {
        ApplicationJson json = ApplicationJson.with(settings -> {
            ObjectMapper mapper = settings.build();
            mapper.getFactory()
                    .setStreamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(1_000_000)
                            .build());
        });

        for (Object bad : List.of(new UserName("a\u0000"), new UserName("\uD83D"), new Holder(Double.NaN))) {
            assertThatExceptionOfType(ValidationException.class).isThrownBy(() -> json.encode(bad, CAP));
        }
        assertThatExceptionOfType(ValidationException.class).isThrownBy(() -> json.encode(new UserName("aa"), 5));
        assertThatExceptionOfType(ValidationException.class)
                .isThrownBy(() -> json.decode("[".repeat(1_100) + "]".repeat(1_100), List.class));
    }
}
