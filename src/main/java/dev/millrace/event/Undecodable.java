package dev.millrace.event;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
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
import org.jspecify.annotations.Nullable;

/**
 * Says why JSON could not be read, without a word of what was in it: Jackson's own messages quote the values, and errors
 * end up in logs. For that reason its exception is not kept as a cause either.
 */
final class Undecodable {
    private static final String ABSENT = "it is missing or null, ";

    private Undecodable() {}

    /** Of a text that should be JSON of any shape. */
    static ValidationException document(Exception e) {
        return new ValidationException("undecodable JSON: " + reason(e), Map.of("reason", "undecodable"));
    }

    /** Of a payload or a response that should be of that type. */
    static ValidationException of(String what, JavaType type, ApplicationJson json, Exception e) {
        String path = e instanceof JsonMappingException mapping ? JsonPath.of(mapping.getPath()) : JsonPath.ROOT;
        if (e instanceof InvalidDefinitionException) { // it is the class, not the JSON: say which part of it
            String trouble = ReadableTypes.troubleOf(type, json);
            return of(what, type, path, trouble == null ? reason(e) : trouble);
        }
        return of(what, type, path, reason(e));
    }

    static ValidationException of(String what, JavaType type, String path, String reason) {
        String name =
                type.hasGenericTypes() ? type.toCanonical() : type.getRawClass().getTypeName();
        return new ValidationException(
                "undecodable %s for %s at %s: %s; does the class still match what was %s?"
                        .formatted(what, name, path, reason, what.equals("payload") ? "appended" : "answered"),
                Map.of("type", name, "path", path, "reason", "undecodable"));
    }

    private static String reason(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof StreamConstraintsException limit) {
                return limit.getOriginalMessage(); // sizes and limits only
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
            case JsonMappingException mapping -> thrown(mapping.getCause());
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
