package dev.millrace.event;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.AnnotationIntrospector;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.AbstractDeserializer;
import com.fasterxml.jackson.databind.deser.BasicDeserializerFactory;
import com.fasterxml.jackson.databind.deser.BeanDeserializerBase;
import com.fasterxml.jackson.databind.deser.CreatorProperty;
import com.fasterxml.jackson.databind.deser.DefaultDeserializationContext;
import com.fasterxml.jackson.databind.deser.SettableBeanProperty;
import com.fasterxml.jackson.databind.deser.ValueInstantiator;
import com.fasterxml.jackson.databind.deser.impl.UnsupportedTypeDeserializer;
import com.fasterxml.jackson.databind.deser.std.ContainerDeserializerBase;
import com.fasterxml.jackson.databind.deser.std.DelegatingDeserializer;
import com.fasterxml.jackson.databind.deser.std.ReferenceTypeDeserializer;
import com.fasterxml.jackson.databind.deser.std.ThrowableDeserializer;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.jsontype.TypeDeserializer;
import com.fasterxml.jackson.databind.ser.std.BeanSerializerBase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Walks through all that a type consists of, as Jackson would read it, and finds what can never be read. Classes with
 * deserializers of the application's own are taken at their word. For one walk, confined to one thread.
 */
final class ReadableTypes {
    private record Seen(JavaType type, @Nullable Class<?> deserializer) {}

    private final ObjectMapper mapper;
    private final SealedNames names;
    private final DeserializationConfig config;
    private final DeserializationContext context;
    private final Set<Seen> seen = new HashSet<>();

    private ReadableTypes(ApplicationJson json) {
        this.mapper = json.mapper();
        this.names = json.names();
        this.config = mapper.getDeserializationConfig();
        this.context = ((DefaultDeserializationContext) mapper.getDeserializationContext()).createDummyInstance(config);
    }

    /** Why a type cannot be read, beginning with the path; null if it can. */
    static @Nullable String troubleOf(JavaType type, ApplicationJson json) {
        boolean open = EventTypes.OPEN.contains(type.getRawClass());
        try {
            if (!open) {
                new ReadableTypes(json).root(type, type.getRawClass().getSimpleName());
            }
            return null;
        } catch (Unreadable e) {
            return e.getMessage();
        }
    }

    /** A type whose row says which class it is. */
    private void root(JavaType type, String path) throws Unreadable {
        TypeDeserializer chooser = chooser(type, null, path);
        if (chooser == null) {
            one(type, null, path);
        } else {
            oneOf(type, chooser, null, path);
        }
    }

    /** A type as it is where nothing says more about it. */
    private void walk(JavaType type, @Nullable JsonDeserializer<?> reader, String path) throws Unreadable {
        TypeDeserializer chooser = type.getTypeHandler();
        if (chooser == null) {
            chooser = chooser(type, null, path);
        }
        walk(type, chooser, null, reader, path);
    }

    private void walk(
            JavaType type,
            @Nullable TypeDeserializer chooser,
            @Nullable AnnotatedMember member,
            @Nullable JsonDeserializer<?> reader,
            String path)
            throws Unreadable {
        if (chooser == null) {
            refuseUntold(type, reader, path);
            one(type, reader, path);
        } else if (seen.add(new Seen(type, chooser.getClass()))) {
            oneOf(type, chooser, member, path);
        }
    }

    /** How Jackson chooses among the subtypes of a type; null if it does not. */
    private @Nullable TypeDeserializer chooser(JavaType type, @Nullable AnnotatedMember member, String path)
            throws Unreadable {
        AnnotationIntrospector annotations = config.getAnnotationIntrospector();
        AnnotatedClass known =
                config.introspectClassAnnotations(type.getRawClass()).getClassInfo();
        if (member != null) {
            refuseClassNames(annotations.findPolymorphicTypeInfo(config, member), type, path);
        }
        refuseClassNames(annotations.findPolymorphicTypeInfo(config, known), type, path);
        BasicDeserializerFactory factory = (BasicDeserializerFactory) context.getFactory();
        try {
            return member == null || type.isContainerType() || type.isReferenceType()
                    ? factory.findTypeDeserializer(config, type)
                    : factory.findPropertyTypeDeserializer(config, type, member);
        } catch (JsonMappingException | RuntimeException e) {
            throw Unreadable.jacksonSays(path, e);
        }
    }

    private static void refuseClassNames(JsonTypeInfo.@Nullable Value info, JavaType type, String path)
            throws Unreadable {
        if (info != null) {
            refuseClassNames(info.getIdType(), type, path);
        }
    }

    private static void refuseClassNames(JsonTypeInfo.@Nullable Id mechanism, JavaType type, String path)
            throws Unreadable {
        if (mechanism == JsonTypeInfo.Id.CLASS
                || mechanism == JsonTypeInfo.Id.MINIMAL_CLASS
                || mechanism == JsonTypeInfo.Id.DEDUCTION) { // it goes by class names inside
            throw Unreadable.classNames(path, type, mechanism);
        }
    }

    /** A type whose values are of one of several classes, and say which. */
    private void oneOf(JavaType type, TypeDeserializer chooser, @Nullable AnnotatedMember member, String path)
            throws Unreadable {
        JsonTypeInfo.Id mechanism = chooser.getTypeIdResolver().getMechanism();
        refuseClassNames(mechanism, type, path);
        if (mechanism == JsonTypeInfo.Id.CUSTOM) {
            return; // the application's own code chooses
        }
        Map<String, Class<?>> byName = new HashMap<>();
        Set<Class<?>> known = new HashSet<>();
        for (NamedType next : config.getSubtypeResolver().collectAndResolveSubtypesByTypeId(config, member, type)) {
            if (!SealedNames.isAbstract(next.getType())) {
                known.add(next.getType());
            }
        }
        Class<?> fallback = chooser.getDefaultImpl();
        if (fallback != null) {
            known.add(fallback);
        } else {
            refuseMissingNames(type, known, byName, path);
        }
        for (Class<?> next : known) {
            if (type.getRawClass().isAssignableFrom(next)) {
                one(config.constructSpecializedType(type, next), null, path + "(" + next.getSimpleName() + ")");
            }
        }
    }

    private void refuseMissingNames(JavaType type, Set<Class<?>> known, Map<String, Class<?>> byName, String path)
            throws Unreadable {
        Class<?> raw = type.getRawClass();
        if (known.isEmpty()) {
            throw Unreadable.noSubtypes(path, type);
        }
        if (!SealedNames.isSealedBase(raw)) {
            return;
        }
        for (Class<?> permitted : SealedNames.permitted(raw)) {
            for (String name : names.namesOf(permitted)) {
                Class<?> namesake = names.cover(raw) ? byName.putIfAbsent(name, permitted) : null;
                if (namesake != null) {
                    throw Unreadable.oneNameForTwo(path, type, name, List.of(namesake, permitted));
                }
            }
            if (!known.contains(permitted)) {
                throw Unreadable.missingSubtype(path, type, permitted);
            }
        }
    }

    /** A type whose values are of just that class. */
    private void one(JavaType type, @Nullable JsonDeserializer<?> given, String path) throws Unreadable {
        if (type.getRawClass() == Class.class || JavaType.class.isAssignableFrom(type.getRawClass())) {
            throw Unreadable.aClass(path);
        }
        if (type.isEnumType()) {
            refusePosition(type, introspected(type).getClassInfo(), path);
        }
        JsonDeserializer<?> reader = given == null ? reader(type, path) : given;
        while (reader instanceof DelegatingDeserializer && reader.getDelegatee() != null) {
            reader = reader.getDelegatee();
        }
        if (!seen.add(new Seen(type, reader.getClass()))) {
            return;
        }
        if (reader instanceof UnsupportedTypeDeserializer) {
            throw Unreadable.withoutModule(path, type);
        }
        if (reader instanceof AbstractDeserializer) {
            throw Unreadable.unknownClasses(path, type, names);
        }
        if (reader instanceof BeanDeserializerBase bean && !(reader instanceof ThrowableDeserializer)) {
            bean(type, bean, path);
        } else if (isJacksons(reader) && reader instanceof ContainerDeserializerBase<?> container) {
            refuseRaw(type, path);
            content(type, container.getContentDeserializer(), path);
        } else if (isJacksons(reader) && reader instanceof ReferenceTypeDeserializer<?>) {
            refuseRaw(type, path);
            content(type, null, path);
        } // else a scalar, a tree, or code of the application's
    }

    private static boolean isJacksons(JsonDeserializer<?> reader) {
        return reader.getClass().getName().startsWith("com.fasterxml.jackson.");
    }

    private void content(JavaType type, @Nullable JsonDeserializer<?> reader, String path) throws Unreadable {
        JavaType content = type.getContentType();
        if (content != null) {
            walk(content, reader, path + "[]");
        }
    }

    private void bean(JavaType type, BeanDeserializerBase bean, String path) throws Unreadable {
        refuseRaw(type, path);
        ValueInstantiator maker = bean.getValueInstantiator();
        boolean fromObject = maker.canCreateUsingDefault()
                || maker.canCreateFromObjectWith()
                || maker.canCreateUsingDelegate()
                || maker.canCreateUsingArrayDelegate();
        if (!fromObject && (!maker.canInstantiate() || isWrittenAsObject(type))) {
            throw Unreadable.noConstructor(path, type);
        }
        JavaType delegate = maker.getDelegateType(config);
        if (maker.canCreateUsingDelegate() && delegate != null) {
            walk(delegate, null, path);
        }
        List<SettableBeanProperty> parts = new ArrayList<>();
        bean.properties().forEachRemaining(parts::add);
        parts.sort(Comparator.comparingInt(ReadableTypes::declaredAt));
        for (SettableBeanProperty property : parts) {
            String name = path + "." + property.getName();
            refusePosition(property.getType(), property.getMember(), name);
            TypeDeserializer chooser = property.getValueTypeDeserializer();
            walk(property.getType(), chooser, property.getMember(), property.getValueDeserializer(), name);
        }
        for (BeanPropertyDefinition property : properties(type)) { // Jackson has these apart
            AnnotatedMember member = property.getMutator();
            if (member != null && config.getAnnotationIntrospector().findUnwrappingNameTransformer(member) != null) {
                walk(property.getPrimaryType(), null, path + "." + property.getName());
            }
        }
    }

    /** An enum that is written as its position: numbers are not read as enums. */
    private void refusePosition(JavaType type, @Nullable Annotated declaration, String path) throws Unreadable {
        if (declaration == null
                || !type.isEnumType()
                || !config.isEnabled(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)) {
            return;
        }
        JsonFormat.Value format = config.getAnnotationIntrospector().findFormat(declaration);
        if (format != null
                && format.getShape().isNumeric()
                && introspected(type).findJsonValueAccessor() == null) {
            throw Unreadable.position(path, type);
        }
    }

    private BeanDescription introspected(JavaType type) {
        return config.introspect(type);
    }

    /** A constructor's parameters come in their order, before all else. */
    private static int declaredAt(SettableBeanProperty property) {
        return property instanceof CreatorProperty parameter ? parameter.getCreatorIndex() : Integer.MAX_VALUE;
    }

    private boolean isWrittenAsObject(JavaType type) {
        try {
            return mapper.getSerializerProviderInstance().findValueSerializer(type) instanceof BeanSerializerBase;
        } catch (JsonMappingException | RuntimeException e) {
            return true; // appending it will say why
        }
    }

    /** What a sealed class permits that is not abstract would be read as that class. */
    private static void refuseUntold(JavaType type, @Nullable JsonDeserializer<?> reader, String path)
            throws Unreadable {
        Class<?> raw = type.getRawClass();
        boolean several = raw.isSealed() && !raw.isEnum() && !SealedNames.isAbstract(raw);
        if (several && (reader == null || reader instanceof BeanDeserializerBase)) {
            throw Unreadable.untold(path, type);
        }
    }

    /** Nobody knows what stands in a generic type without arguments: it is read as maps and lists. */
    private static void refuseRaw(JavaType type, String path) throws Unreadable {
        var parameters = type.getRawClass().getTypeParameters();
        if (parameters.length > 0 && type.getBindings().isEmpty()) {
            throw Unreadable.raw(path, type, parameters[0].getName());
        }
    }

    private JsonDeserializer<?> reader(JavaType type, String path) throws Unreadable {
        try {
            return context.findContextualValueDeserializer(type, null);
        } catch (JsonMappingException | RuntimeException e) {
            blame(type, path);
            throw Unreadable.jacksonSays(path, e);
        }
    }

    /** Jackson does not say which part of a type it cannot read: looks for the part. */
    private void blame(JavaType type, String path) throws Unreadable {
        if (!seen.add(new Seen(type, null))) {
            return;
        }
        if (type.getContentType() != null) {
            walk(type.getContentType(), null, path + "[]");
            return;
        }
        for (BeanPropertyDefinition property : properties(type)) {
            AnnotatedMember member = property.getMutator();
            if (member != null && config.getAnnotationIntrospector().findDeserializer(member) == null) {
                String name = path + "." + property.getName();
                JavaType part = property.getPrimaryType();
                walk(part, chooser(part, member, name), member, null, name);
            }
        }
    }

    private List<BeanPropertyDefinition> properties(JavaType type) {
        try {
            return config.introspect(type).findProperties();
        } catch (RuntimeException e) {
            return new ArrayList<>(); // then the type itself is to blame
        }
    }
}
