package dev.millrace.event;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Instant;

/**
 * Reads points in time in the forms that the model takes: ISO 8601 with an offset, or seconds since 1970. An ISO
 * text without an offset is refused: it would mean another instant on each machine.
 */
final class Timestamps {
    private static final int LONGEST = 40; // characters; more would only be digits after the nanoseconds
    private static final int NANO_DIGITS = 9;
    private static final BigDecimal FAR_OFF = BigDecimal.valueOf(1_000_000_000_000L); // seconds: beyond the year 9999

    private Timestamps() {}

    /** Throws {@link IllegalArgumentException} if the text is in neither form, or outside the years 1 to 9999. */
    static Instant parse(String text) {
        Instant instant;
        try {
            instant = Instant.parse(text);
        } catch (DateTimeException notIso) {
            instant = ofEpochSeconds(text);
        }
        return Terms.checkInstant("it", instant);
    }

    private static Instant ofEpochSeconds(String text) {
        BigDecimal seconds = number(text);
        if (seconds.abs().compareTo(FAR_OFF) > 0) {
            throw new IllegalArgumentException("it must lie in the years 1 to 9999, got " + text);
        }
        BigDecimal nanos = seconds.setScale(NANO_DIGITS, RoundingMode.FLOOR);
        BigDecimal whole = nanos.setScale(0, RoundingMode.FLOOR);
        return Instant.ofEpochSecond(
                whole.longValueExact(),
                nanos.subtract(whole).movePointRight(NANO_DIGITS).longValueExact());
    }

    private static BigDecimal number(String text) {
        if (text.length() <= LONGEST) {
            try {
                BigDecimal number = new BigDecimal(text);
                if (Digits.areFew(number)) { // to write out the digits of 1e-999999999 would take for ever
                    return number;
                }
            } catch (NumberFormatException notNumber) {
                // then it is neither form: said below
            }
        }
        throw new IllegalArgumentException(
                "must be a time with its offset such as 2026-01-31T09:00:00Z, or seconds since 1970, got "
                        + Texts.quoted(text));
    }
}
