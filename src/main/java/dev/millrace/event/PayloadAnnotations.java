package dev.millrace.event;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.MapperConfig;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.NopAnnotationIntrospector;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.jsontype.TypeResolverBuilder;
import com.fasterxml.jackson.databind.jsontype.impl.StdTypeResolverBuilder;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells Jackson, where the application's annotations say nothing: which sealed types carry names, and what must not be
 * null.
 */
final class PayloadAnnotations extends NopAnnotationIntrospector {
    private static final long serialVersionUID = 1L;

    private static final JsonTypeInfo.Value BY_NAME = JsonTypeInfo.Value.construct(
            JsonTypeInfo.Id.NAME, JsonTypeInfo.As.PROPERTY, SealedNames.PROPERTY, null, false, null, null);

    private final transient SealedNames names;

    PayloadAnnotations(SealedNames names) {
        this.names = names;
    }

    @Override
    public @Nullable TypeResolverBuilder<?> findTypeResolver(
            MapperConfig<?> config, AnnotatedClass type, JavaType baseType) {
        return isNamed(type) ? new StdTypeResolverBuilder(BY_NAME) : null;
    }

    @Override
    public @Nullable List<NamedType> findSubtypes(Annotated type) {
        return type instanceof AnnotatedClass known && isNamed(known) ? names.of(known.getRawType()) : null;
    }

    /** A type with an annotation of Jackson's is left to Jackson. */
    private boolean isNamed(AnnotatedClass type) {
        return names.cover(type.getRawType()) && !type.hasAnnotation(JsonTypeInfo.class);
    }

    /** A null, or nothing at all for a constructor's parameter, is refused when it is read. */
    @Override
    public JsonSetter.Value findSetterInfo(Annotated member) {
        return member instanceof AnnotatedMember known && Nullness.isRefused(known)
                ? JsonSetter.Value.forValueNulls(Nulls.FAIL)
                : JsonSetter.Value.empty();
    }

    /** What would be refused when it is read is refused when it is written. */
    @Override
    public @Nullable Object findNullSerializer(Annotated member) {
        return member instanceof AnnotatedMember known
                        && !known.hasAnnotation(JsonSetter.class)
                        && Nullness.isRefused(known)
                ? new NullRefusal()
                : null;
    }

    private static final class NullRefusal extends JsonSerializer<Object> {
        @Override
        public void serialize(@Nullable Object value, JsonGenerator generator, SerializerProvider provider)
                throws IOException {
            if (generator instanceof StorableGenerator storable && storable.repairs()) {
                generator.writeNull(); // a response: the handler has run, so it is kept as it is
            } else {
                throw JsonMappingException.from(generator, "it is null, and its declaration says that it must not be");
            }
        }
    }
}
