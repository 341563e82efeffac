package dev.millrace.event;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Refusal.Reason;
import org.jspecify.annotations.Nullable;

/** Turns what a handler returned into JSON text, whatever it is: the handler has run, so this never fails. */
final class Responses {
    static final String UNSERIALIZABLE = "\"<unserializable>\"";

    private Responses() {}

    static String text(ObjectMapper mapper, @Nullable Object value, int capBytes) {
        if (value == null) {
            return "null";
        }
        BoundedBytes out = BoundedBytes.counting(capBytes);
        try {
            Encoder.write(mapper, value, out, capBytes, true);
        } catch (Refusal e) {
            long least = Math.max(capBytes, Math.min(out.count(), Payloads.MAX_CAP_BYTES));
            return e.reason() == Reason.TOO_LARGE ? tooLarge("more_than_bytes", least, capBytes) : UNSERIALIZABLE;
        } catch (Throwable e) { // a getter's AssertionError must not undo the work
            Errors.rethrowIfFatal(e);
            return UNSERIALIZABLE;
        }
        if (out.isOverCap()) {
            return tooLarge("bytes", out.count(), capBytes);
        }
        byte[] utf8 = out.bytes();
        return JsonbSize.fits(utf8) ? BoundedBytes.text(utf8) : tooLarge("bytes", out.count(), capBytes);
    }

    private static String tooLarge(String sizeKey, long bytes, int capBytes) {
        ObjectNode marker = JsonNodeFactory.instance.objectNode();
        marker.put("millrace", "too large to store").put(sizeKey, bytes).put("cap_bytes", capBytes);
        return Json.text(marker);
    }
}
