package dev.millrace.event;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
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
    static ValidationException payload(String type, Exception e) {
        rethrowTroubleOfTheJvm(e);
        String path = e instanceof JsonMappingException mapping ? JsonPath.of(mapping.getPath()) : JsonPath.ROOT;
        return payload(type, path, reason(e));
    }

    /** Of a response that should be of that type. */
    static ValidationException response(UUID event, String type, Exception e) {
        String path = e instanceof JsonMappingException mapping ? JsonPath.of(mapping.getPath()) : JsonPath.ROOT;
        return new ValidationException(
                "undecodable response of event %s for %s at %s: %s; ask for the class that its handler answers with, or for the JSON by result(id)"
                        .formatted(event, type, path, reason(e)),
                Map.of("event", event.toString(), "type", type, "path", path, "reason", "undecodable"));
    }

    static ValidationException payload(String type, String path, String reason) {
        return new ValidationException(
                "undecodable payload for %s at %s: %s; does the class still match what was appended?"
                        .formatted(type, path, reason),
                Map.of("type", type, "path", path, "reason", "undecodable"));
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
        }
        return switch (e) {
            case InvalidDefinitionException definition ->
                "Jackson cannot read " + name(definition.getType().getRawClass()) + "; see its constructors";
            case ValueInstantiationException thrown -> thrown(thrown.getCause());
            case InvalidFormatException format -> "its text or number does not fit " + name(format.getTargetType());
            case MismatchedInputException mismatch -> "its shape does not fit " + name(mismatch.getTargetType());
            case JsonMappingException mapping -> thrown(mapping.getCause());
            case JsonProcessingException syntax -> "not JSON" + at(syntax.getLocation());
            default -> thrown(e);
        };
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
