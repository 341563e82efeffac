package dev.millrace.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.AnnotationIntrospector;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.introspect.AnnotationIntrospectorPair;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How the application's own objects (payloads, responses, chunks) are written as JSON and read back. Thread-safe; how it is
 * set up never changes.
 *
 * <p>The default reads strictly: a missing or null primitive, a null for a component that must not be null, a fraction for a
 * whole number, an empty text for a number, a number for an enum or a boolean are refused, not read as 0, null or the like. Unknown
 * properties are ignored.
 *
 * <p>An application may add modules and change settings. Three things stay as they are: what jsonb cannot hold is refused,
 * the limits of {@link Json} hold, and no class is ever chosen by its name in the JSON.
 */
public final class ApplicationJson {
    private static final List<LogicalType> SCALARS =
            List.of(LogicalType.Integer, LogicalType.Float, LogicalType.Boolean, LogicalType.DateTime);

    /** Without anything of the application's. */
    public static final ApplicationJson DEFAULT = with(settings -> {});

    /** As the application set it up, which nothing changes any more. */
    private final ObjectMapper template;

    private final SealedNames names;
    private final ObjectMapper mapper;

    /** Found readable before: a process may build an executor for each of its requests. */
    private final Set<Class<?>> readable = ConcurrentHashMap.newKeySet();

    private final Map<SealedNames, ApplicationJson> named = new ConcurrentHashMap<>();

    private ApplicationJson(ObjectMapper template, SealedNames names) {
        this.template = template;
        this.names = names;
        this.mapper = template.copy();
        AnnotationIntrospector ours = new PayloadAnnotations(names);
        mapper.setAnnotationIntrospectors(
                AnnotationIntrospectorPair.create(
                        template.getSerializationConfig().getAnnotationIntrospector(), ours),
                AnnotationIntrospectorPair.create(
                        template.getDeserializationConfig().getAnnotationIntrospector(), ours));
    }

    /**
     * The default with the application's modules and settings. The builder is only good until this returns.
     *
     * @throws IllegalArgumentException if the settings let JSON choose classes: default typing, or a type factory of
     *     the application's
     */
    public static ApplicationJson with(Consumer<? super JsonMapper.Builder> settings) {
        JsonMapper.Builder builder = Json.settings()
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .addModule(new FiniteNumbers());
        for (LogicalType scalar : SCALARS) {
            builder.withCoercionConfig(
                    scalar, config -> config.setCoercion(CoercionInputShape.EmptyString, CoercionAction.Fail));
        }
        builder.withCoercionConfig(
                LogicalType.Boolean, config -> config.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail));
        settings.accept(builder);
        return new ApplicationJson(closed(builder.build()), SealedNames.NONE);
    }

    /** A copy that the application has no hand on, closed to class names. */
    private static ObjectMapper closed(ObjectMapper given) {
        if (given.getDeserializationConfig().getDefaultTyper(null) != null) {
            throw new IllegalArgumentException(
                    "the Jackson settings switch on default typing, which lets JSON choose classes; remove it, and use sealed types with names or @JsonTypeInfo(use = NAME)");
        }
        if (!(given.getTypeFactory() instanceof ClosedTypes)) {
            throw new IllegalArgumentException(
                    "the Jackson settings replace the type factory, which keeps JSON from choosing classes; remove it, type modifiers may stay");
        }
        ObjectMapper copy = given.copy();
        copy.setPolymorphicTypeValidator(new ClosedTypes.NoClassNames());
        copy.getFactory().setStreamReadConstraints(Json.readConstraints());
        return copy;
    }

    /** The same, with names for the classes that sealed types permit. */
    ApplicationJson naming(SealedNames names) {
        return names.isEmpty() ? this : named.computeIfAbsent(names, all -> new ApplicationJson(template, all));
    }

    /** Why a payload class cannot be read back, beginning with the path; null if it can. */
    @Nullable
    String troubleWith(Class<?> type) {
        if (readable.contains(type)) {
            return null;
        }
        String trouble = ReadableTypes.troubleOf(mapper.constructType(type), this);
        if (trouble == null) {
            readable.add(type);
        }
        return trouble;
    }

    /** The names that classes of sealed types have in fields. */
    SealedNames names() {
        return names;
    }

    ObjectMapper mapper() {
        return mapper;
    }

    /**
     * The payload as JSON text that jsonb accepts. A payload over the cap is refused without allocating more than the
     * cap.
     *
     * @param capBytes the most UTF-8 bytes the text may take
     * @throws ValidationException if Jackson cannot write it, or it contains NUL, half a surrogate pair, NaN or an
     *     infinity, a number of more than 1,000 digits, a key of more than 50,000 characters or more than 500 levels, or
     *     is over the cap; message and details name the path
     */
    public String encode(Object payload, int capBytes) {
        String json = Payloads.encode(mapper, "payload", payload, Payloads.checkCap(capBytes));
        if (json.equals("null") && !(payload instanceof JsonNode)) {
            throw new ValidationException(
                    "payload refused at $: it is written as null, which cannot be read back; append a value");
        }
        return json;
    }

    /**
     * The payload of a row.
     *
     * @throws ValidationException "undecodable", naming the type and the path but nothing of the content
     */
    public <T> T decode(String json, Class<T> type) {
        return type.cast(read(json, mapper.constructType(type)));
    }

    /**
     * The payload of a row, as an instance of a type with parameters.
     *
     * @throws ValidationException "undecodable", naming the type and the path but nothing of the content
     */
    public Object decode(String json, JavaType type) {
        return read(json, type);
    }

    /**
     * What a handler returned, as it is stored. Never fails: see {@link Json#responseText}.
     *
     * @param capBytes the most UTF-8 bytes it may take, 1 to 64 MiB
     */
    public Responses.Written write(@Nullable Object value, int capBytes) {
        return Responses.write(mapper, value, capBytes);
    }

    /**
     * The response of an event as an instance of that class.
     *
     * @throws ValidationException if it cannot be read as that class, naming the path but nothing of the content; or if there is
     *     only a mark in its place, because the handler's answer could not be written as JSON or was too large
     */
    public <T> T readResponse(UUID event, JsonNode response, Class<T> type) {
        return Responses.read(this, event, response, type);
    }

    private Object read(String json, JavaType type) {
        Object value;
        try {
            value = mapper.readerFor(type).readValue(json);
        } catch (JsonProcessingException | RuntimeException e) {
            throw Undecodable.payload(type, this, e);
        }
        if (value == null) {
            throw Undecodable.payload(type, JsonPath.ROOT, "it is null");
        }
        return value;
    }
}
