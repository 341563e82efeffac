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
import com.fasterxml.jackson.databind.util.LRUMap;
import java.io.IOException;

/**
 * Jackson's type factory without its way from a name to a class: nothing that a row says can load one. Types reach a
 * payload only through its declared fields and the subtypes named in annotations.
 */
final class ClosedTypes extends TypeFactory {
    private static final long serialVersionUID = 1L;

    ClosedTypes() {
        super(new LRUMap<>(16, 200));
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
