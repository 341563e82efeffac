package dev.millrace.event;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.InvalidNullException;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Says why JSON could not be read, without a word of what was in it: Jackson's own messages quote the values, and errors
 * end up in logs. For that reason its exception is not kept as a cause either.
 */
final class Undecodable {
    private static final int DEEPEST = 100;
    private static final String ABSENT = "it is missing or null, ";

    private Undecodable() {}

    /** Of a text that should be JSON of any shape. */
    static ValidationException document(Exception e) {
        return new ValidationException("undecodable JSON: " + reason(e), Map.of("reason", "undecodable"));
    }

    /**
     * Of a payload that should be of that type.
     *
     * @throws VirtualMachineError if that is the cause, but for a stack that was too deep
     */
    static ValidationException payload(JavaType type, ApplicationJson json, Exception e) {
        rethrowTroubleOfTheJvm(e);
        return payload(type, path(e), reason(type, json, e));
    }

    /** Of a response that should be of that type. */
    static ValidationException response(UUID event, JavaType type, ApplicationJson json, Exception e) {
        String path = path(e);
        return new ValidationException(
                "undecodable response of event %s for %s at %s: %s; ask for the class that its handler answers with, or for the JSON by result(id)"
                        .formatted(event, name(type), path, reason(type, json, e)),
                Map.of("event", event.toString(), "type", name(type), "path", path, "reason", "undecodable"));
    }

    static ValidationException payload(JavaType type, String path, String reason) {
        return new ValidationException(
                "undecodable payload for %s at %s: %s; does the class still match what was appended?"
                        .formatted(name(type), path, reason),
                Map.of("type", name(type), "path", path, "reason", "undecodable"));
    }

    private static String path(Exception e) {
        return e instanceof JsonMappingException mapping ? JsonPath.of(mapping.getPath()) : JsonPath.ROOT;
    }

    private static String name(JavaType type) {
        return type.hasGenericTypes() ? type.toCanonical() : type.getRawClass().getTypeName();
    }

    /** Where it is the class and not the JSON, says which part of the class. */
    private static String reason(JavaType type, ApplicationJson json, Exception e) {
        String trouble = e instanceof InvalidDefinitionException ? ReadableTypes.troubleOf(type, json) : null;
        return trouble == null ? reason(e) : trouble;
    }

    /** Jackson wraps what a constructor throws. What the JVM itself lacks is no fault of the payload. */
    private static void rethrowTroubleOfTheJvm(Exception e) {
        Throwable cause = e;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) { // a cause may be its own
            if (cause instanceof VirtualMachineError trouble && !(trouble instanceof StackOverflowError)) {
                throw trouble;
            }
            cause = cause.getCause();
        }
    }

    private static String reason(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof StreamConstraintsException limit) {
                return limit.getOriginalMessage(); // sizes and limits only
            }
            if (cause instanceof InputCoercionException range) {
                return "its number is out of the range of " + name(range.getTargetType());
            }
        }
        return switch (e) {
            case InvalidDefinitionException definition ->
                "Jackson cannot read " + name(definition.getType().getRawClass()) + "; see its constructors";
            case InvalidNullException none -> ABSENT + "and its declaration says that it must not be";
            case InvalidTypeIdException unknown ->
                "the name that says which %s it is, is missing or not one of its names"
                        .formatted(name(unknown.getBaseType().getRawClass()));
            case ValueInstantiationException thrown -> thrown(thrown.getCause());
            case InvalidFormatException format -> "its text or number does not fit " + name(format.getTargetType());
            case MismatchedInputException mismatch -> mismatch(mismatch);
            case JsonMappingException mapping ->
                mapping.getCause() instanceof JsonProcessingException inner
                        ? reason(inner)
                        : thrown(mapping.getCause());
            case JsonProcessingException syntax -> "not JSON" + at(syntax.getLocation());
            default -> thrown(e);
        };
    }

    /** Jackson has no class of its own for what is missing; its messages begin with words, and values come later. */
    private static String mismatch(MismatchedInputException e) {
        String message = e.getOriginalMessage();
        Class<?> target = e.getTargetType();
        if (message.startsWith("Missing required creator property") || message.startsWith("Missing creator property")) {
            return ABSENT + "and it is required";
        }
        return target != null && target.isPrimitive() && message.startsWith("Cannot map `null` into type")
                ? ABSENT + "and %s cannot be null".formatted(name(target))
                : "its shape does not fit " + name(target);
    }

    private static String thrown(@Nullable Throwable cause) {
        return cause == null ? "it does not fit" : cause.getClass().getName() + " was thrown while it was read";
    }

    private static String name(@Nullable Class<?> type) {
        return type == null ? "the type" : type.getTypeName();
    }

    private static String at(@Nullable JsonLocation location) {
        return location == null ? "" : " at line %d column %d".formatted(location.getLineNr(), location.getColumnNr());
    }
}
