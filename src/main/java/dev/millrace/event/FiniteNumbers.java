package dev.millrace.event;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.deser.std.NumberDeserializers;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Refuses numbers that their type cannot hold where Jackson reads something else: 200 as the byte -56, 1e400 as infinity. Texts such as
 * "NaN" are refused as well: no append takes what they stand for.
 */
final class FiniteNumbers extends SimpleModule {
    private static final long serialVersionUID = 1L;

    FiniteNumbers() {
        super("millrace-finite-numbers");
        add(double.class, value -> !Double.isFinite(value));
        add(Double.class, value -> !Double.isFinite(value));
        add(float.class, value -> !Float.isFinite(value));
        add(Float.class, value -> !Float.isFinite(value));
        addDeserializer(byte.class, new Small(byte.class));
        addDeserializer(Byte.class, new Small(Byte.class));
    }

    private <N extends Number> void add(Class<N> type, Predicate<N> isNone) {
        addDeserializer(type, new Checked<>(type, isNone));
    }

    /** As Jackson reads it, unless that is no number of the type. */
    private static class Checked<N extends Number> extends StdScalarDeserializer<N> {
        private static final long serialVersionUID = 1L;

        private final transient JsonDeserializer<N> plain;
        private final transient Predicate<N> isNone;

        @SuppressWarnings("unchecked") // Jackson's own for that type
        Checked(Class<N> type, Predicate<N> isNone) {
            super(type);
            this.plain = (JsonDeserializer<N>) NumberDeserializers.find(type, type.getName());
            this.isNone = isNone;
        }

        @Override
        public N deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            N value = plain.deserialize(parser, context);
            if (value != null && isNone.test(value)) {
                throw outOfRange(parser);
            }
            return value;
        }

        InputCoercionException outOfRange(JsonParser parser) {
            return new InputCoercionException(parser, "out of range", parser.currentToken(), handledType());
        }

        @Override
        public @Nullable N getNullValue(DeserializationContext context) throws JsonMappingException {
            return plain.getNullValue(context);
        }
    }

    /** Jackson reads 128 to 255 as negative bytes. */
    private static final class Small extends Checked<Byte> {
        private static final long serialVersionUID = 1L;

        Small(Class<Byte> type) {
            super(type, value -> false);
        }

        @Override
        public Byte deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            if (parser.hasToken(JsonToken.VALUE_NUMBER_INT) && parser.getIntValue() > Byte.MAX_VALUE) {
                throw outOfRange(parser);
            }
            return super.deserialize(parser, context);
        }
    }
}
