package dev.millrace.event;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.util.JsonGeneratorDelegate;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Refusal.Reason;
import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A generator that lets through only what jsonb can hold. What it cannot hold is refused with its path, or, when
 * repairing, replaced visibly: U+FFFD for a character, a text for a number. Looking at each value as it goes by costs
 * one pass over its characters, and no second walk is needed to find the path. Not thread-safe.
 */
final class StorableGenerator extends JsonGeneratorDelegate {
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,9})?");
    private static final String LONG_NUMBER = "<number of more than " + Json.MAX_NUMBER_DIGITS + " digits>";

    private final int capBytes;
    private final boolean repair;
    private @Nullable Refusal refusal;
    private @Nullable Refusal repaired;

    StorableGenerator(JsonGenerator delegate, int capBytes, boolean repair) {
        super(delegate, false); // nested values come back here, not straight to the delegate
        this.capBytes = capBytes;
        this.repair = repair;
    }

    /** The first refusal, which a user's serializer may have swallowed; null if there was none. */
    @Nullable
    Refusal refusal() {
        return refusal;
    }

    /** Why something was replaced first, when repairing; null if nothing was. */
    @Nullable
    Refusal repaired() {
        return repaired;
    }

    /** Whether what cannot be stored is replaced instead of refused. */
    boolean repairs() {
        return repair;
    }

    @Override
    public void writeFieldName(String name) throws IOException {
        delegate.writeFieldName(key(name));
    }

    @Override
    public void writeFieldName(SerializableString name) throws IOException {
        String key = key(name.getValue());
        if (key.equals(name.getValue())) {
            delegate.writeFieldName(name); // already escaped, once for all
        } else {
            delegate.writeFieldName(key);
        }
    }

    @Override
    public void writeString(@Nullable String text) throws IOException {
        delegate.writeString(text == null ? null : text(text));
    }

    @Override
    public void writeString(SerializableString text) throws IOException {
        writeString(text.getValue());
    }

    @Override
    public void writeString(char[] text, int from, int length) throws IOException {
        refuseOverCap(length);
        writeString(new String(text, from, length));
    }

    @Override
    public void writeString(Reader reader, int length) throws IOException {
        StringBuilder text = new StringBuilder();
        char[] buffer = new char[4000];
        int left = length < 0 ? Integer.MAX_VALUE : length;
        for (int read = reader.read(buffer, 0, Math.min(left, buffer.length));
                read > 0;
                read = reader.read(buffer, 0, Math.min(left, buffer.length))) {
            text.append(buffer, 0, read);
            left -= read;
            if (text.length() > capBytes) {
                throw remember(Refusal.tooLarge(capBytes));
            }
        }
        writeString(text.toString());
    }

    @Override
    public void writeNumber(double number) throws IOException {
        if (Double.isFinite(number)) {
            delegate.writeNumber(number);
        } else {
            instead(Reason.NOT_FINITE, Double.toString(number));
        }
    }

    @Override
    public void writeNumber(float number) throws IOException {
        if (Float.isFinite(number)) {
            delegate.writeNumber(number);
        } else {
            instead(Reason.NOT_FINITE, Float.toString(number));
        }
    }

    @Override
    public void writeNumber(@Nullable BigInteger number) throws IOException {
        if (number == null || Digits.areFew(number)) {
            delegate.writeNumber(number);
        } else {
            instead(Reason.NUMBER_TOO_LONG, LONG_NUMBER);
        }
    }

    @Override
    public void writeNumber(@Nullable BigDecimal number) throws IOException {
        if (number == null || Digits.areFew(number)) {
            delegate.writeNumber(number);
        } else {
            instead(Reason.NUMBER_TOO_LONG, LONG_NUMBER);
        }
    }

    /** A number that a serializer made itself: it may be anything. */
    @Override
    public void writeNumber(String number) throws IOException {
        if (number.length() > 2 * Json.MAX_NUMBER_DIGITS) {
            instead(Reason.NUMBER_TOO_LONG, LONG_NUMBER);
        } else if (NUMBER.matcher(number).matches()) {
            writeNumber(new BigDecimal(number));
        } else {
            instead(Reason.RAW, Texts.clean(number));
        }
    }

    @Override
    public void writeNumber(char[] number, int from, int length) throws IOException {
        writeNumber(new String(number, from, length));
    }

    @Override
    public void writeArray(double[] numbers, int from, int length) throws IOException {
        writeStartArray(numbers, length);
        for (int i = from; i < from + length; i++) {
            writeNumber(numbers[i]);
        }
        writeEndArray();
    }

    @Override
    public void writeArray(String[] texts, int from, int length) throws IOException {
        writeStartArray(texts, length);
        for (int i = from; i < from + length; i++) {
            writeString(texts[i]);
        }
        writeEndArray();
    }

    /** Raw JSON is read and written again: then it is JSON, and checked. */
    @Override
    public void writeRawValue(String json) throws IOException {
        refuseOverCap(json.length());
        JsonNode node;
        try {
            node = Json.parse(json);
        } catch (ValidationException e) {
            instead(Reason.RAW, Texts.clean(json));
            return;
        }
        writeTree(node);
    }

    @Override
    public void writeRawValue(String json, int from, int length) throws IOException {
        writeRawValue(json.substring(from, from + length));
    }

    @Override
    public void writeRawValue(char[] json, int from, int length) throws IOException {
        writeRawValue(new String(json, from, length));
    }

    @Override
    public void writeRawValue(SerializableString json) throws IOException {
        writeRawValue(json.getValue());
    }

    @Override
    public void writeRaw(String json) throws IOException {
        throw refuse(Reason.RAW);
    }

    @Override
    public void writeRaw(String json, int from, int length) throws IOException {
        throw refuse(Reason.RAW);
    }

    @Override
    public void writeRaw(SerializableString json) throws IOException {
        throw refuse(Reason.RAW);
    }

    @Override
    public void writeRaw(char[] json, int from, int length) throws IOException {
        throw refuse(Reason.RAW);
    }

    @Override
    public void writeRaw(char json) throws IOException {
        throw refuse(Reason.RAW);
    }

    @Override
    public void writeRawUTF8String(byte[] json, int from, int length) throws IOException {
        throw refuse(Reason.RAW);
    }

    @Override
    public void writeUTF8String(byte[] text, int from, int length) throws IOException {
        throw refuse(Reason.RAW);
    }

    private String key(String name) throws Refusal {
        int trouble = Texts.trouble(name);
        if (trouble < 0 && name.length() <= Json.MAX_KEY_LENGTH) {
            return name;
        }
        Reason reason = trouble < 0 ? Reason.NAME_TOO_LONG : reasonOf(name.charAt(trouble));
        if (repair) {
            note(reason, JsonPath.ofNextName(delegate.getOutputContext(), name));
            return Texts.storable(name, Json.MAX_KEY_LENGTH);
        }
        throw remember(new Refusal(reason, JsonPath.ofNextName(delegate.getOutputContext(), name)));
    }

    private String text(String text) throws Refusal {
        refuseOverCap(text.length());
        int trouble = Texts.trouble(text);
        if (trouble < 0) {
            return text;
        }
        Reason reason = reasonOf(text.charAt(trouble));
        if (repair) {
            note(reason, JsonPath.ofNextValue(delegate.getOutputContext()));
            return Texts.clean(text);
        }
        throw refuse(reason);
    }

    private static Reason reasonOf(char c) {
        return c == 0 ? Reason.NUL : Reason.SURROGATE;
    }

    /** A text needs at least a byte for each character: no need to look at a gigabyte of them. */
    private void refuseOverCap(int characters) throws Refusal {
        if (!repair && characters > capBytes) {
            throw remember(Refusal.tooLarge(capBytes));
        }
    }

    private void instead(Reason reason, String text) throws IOException {
        if (!repair) {
            throw refuse(reason);
        }
        note(reason, JsonPath.ofNextValue(delegate.getOutputContext()));
        delegate.writeString(text);
    }

    /** Keeps why the first replacement was made. */
    private void note(Reason reason, String path) {
        if (repaired == null) {
            repaired = new Refusal(reason, path);
        }
    }

    private Refusal refuse(Reason reason) {
        return remember(new Refusal(reason, JsonPath.ofNextValue(delegate.getOutputContext())));
    }

    private Refusal remember(Refusal next) {
        if (refusal == null) {
            refusal = next;
        }
        return next;
    }
}
