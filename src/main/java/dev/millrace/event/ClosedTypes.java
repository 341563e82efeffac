package dev.millrace.event;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.MapperConfig;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.jsontype.PolymorphicTypeValidator;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.databind.type.TypeFactory;
import com.fasterxml.jackson.databind.type.TypeModifier;
import com.fasterxml.jackson.databind.type.TypeParser;
import com.fasterxml.jackson.databind.util.ArrayBuilders;
import com.fasterxml.jackson.databind.util.LRUMap;
import com.fasterxml.jackson.databind.util.LookupCache;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Jackson's type factory without its way from a name to a class: nothing that a row says can load one. Types reach a
 * payload only through its declared fields and the subtypes named in annotations.
 */
final class ClosedTypes extends TypeFactory {
    private static final long serialVersionUID = 1L;

    ClosedTypes() {
        super(cache());
    }

    private ClosedTypes(LookupCache<Object, JavaType> cache, TypeModifier @Nullable [] modifiers, ClassLoader loader) {
        super(cache, new TypeParser(TypeFactory.defaultInstance()), modifiers, loader);
    }

    private static LookupCache<Object, JavaType> cache() {
        return new LRUMap<>(16, 200);
    }

    /** A module may teach it further types, such as {@code Optional}; it stays closed. */
    @Override
    public TypeFactory withModifier(@Nullable TypeModifier modifier) {
        if (modifier == null) {
            return new ClosedTypes();
        }
        TypeModifier[] more = _modifiers == null
                ? new TypeModifier[] {modifier}
                : ArrayBuilders.insertInListNoDup(_modifiers, modifier);
        return new ClosedTypes(cache(), more, getClassLoader());
    }

    @Override
    public TypeFactory withClassLoader(ClassLoader loader) {
        return new ClosedTypes(cache(), _modifiers, loader);
    }

    @Override
    public TypeFactory withCache(LookupCache<Object, JavaType> cache) {
        return new ClosedTypes(cache, _modifiers, getClassLoader());
    }

    @Override
    @Deprecated
    public TypeFactory withCache(LRUMap<Object, JavaType> cache) {
        return new ClosedTypes(cache, _modifiers, getClassLoader());
    }

    /** The one place where Jackson loads a class by its name. */
    @Override
    public Class<?> findClass(String className) throws ClassNotFoundException {
        throw new ClassNotFoundException("classes are never loaded by name");
    }

    /** Refuses {@code @JsonTypeInfo(use = CLASS)} when the type is registered, not when the first row is read. */
    static final class NoClassNames extends PolymorphicTypeValidator.Base {
        private static final long serialVersionUID = 1L;

        @Override
        public Validity validateBaseType(MapperConfig<?> config, JavaType baseType) {
            return Validity.DENIED;
        }
    }

    /** Refuses to write what could not be read back: the name of a class. */
    static SimpleModule module() {
        return new SimpleModule("millrace").addSerializer(new ClassRefusal());
    }

    private static final class ClassRefusal extends StdSerializer<Class<?>> {
        private static final long serialVersionUID = 1L;

        ClassRefusal() {
            super(Class.class, false);
        }

        @Override
        public void serialize(Class<?> value, JsonGenerator generator, SerializerProvider provider) throws IOException {
            throw InvalidDefinitionException.from(
                    generator, "a java.lang.Class cannot be read back: classes are never loaded by name", (JavaType)
                            null);
        }
    }
}
