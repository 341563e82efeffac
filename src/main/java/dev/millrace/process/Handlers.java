package dev.millrace.process;

import dev.millrace.event.ApplicationJson;
import dev.millrace.store.Claim;
import dev.millrace.work.Handler;
import dev.millrace.work.PermissionCheck;
import dev.millrace.work.RetryPolicy;
import dev.millrace.work.StreamHandler;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The application's code for one executor.
 *
 * @param handler runs ordinary events, and streaming ones if there is no stream handler; null for none
 * @param streamHandler runs streaming events, and ordinary ones if there is no handler; null for none
 * @param moves tells its listeners
 * @param log tells the log of what failed
 * @param storedTrace how many bytes of a stored error may say where it came from
 * @param json how responses and chunks are written
 * @param responseCap the largest response or chunk kept, in bytes of JSON
 */
public record Handlers<T>(
        @Nullable Handler<? super T> handler,
        @Nullable StreamHandler<? super T> streamHandler,
        PermissionCheck<? super T> permission,
        RetryPolicy retry,
        Moves moves,
        HandlerLog log,
        int storedTrace,
        ApplicationJson json,
        int responseCap) {
    /** Whether both run events by the same objects. */
    public boolean sameCode(Handlers<?> other) {
        return Objects.equals(handler, other.handler) && Objects.equals(streamHandler, other.streamHandler);
    }

    /** What a handler returned or emitted, as the text to store; says in the log where something else is stored in its place. */
    String stored(Claim claim, String what, @Nullable Object value) {
        return log.stored(claim, what, value, json.write(value, responseCap));
    }

    /** Whether there is anything that can run an event. */
    public boolean canRun() {
        return handler != null || streamHandler != null;
    }
}
