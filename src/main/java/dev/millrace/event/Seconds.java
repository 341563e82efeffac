package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.regex.Pattern;

/** Durations as the model writes them: in seconds with a fraction, to the nanosecond. */
final class Seconds {
    private static final BigDecimal MAX =
            BigDecimal.valueOf(Duration.ofDays(365_000).toSeconds());
    private static final int NANO_DIGITS = 9;
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]{1,20}(\\.[0-9]{1,20})?");

    private Seconds() {}

    /** The exact seconds, always with a point: {@code 1.0}, {@code 0.25}. */
    static BigDecimal of(Duration duration) {
        BigDecimal seconds = BigDecimal.valueOf(duration.getSeconds())
                .add(BigDecimal.valueOf(duration.getNano(), NANO_DIGITS))
                .stripTrailingZeros();
        return seconds.scale() < 1 ? seconds.setScale(1, RoundingMode.UNNECESSARY) : seconds;
    }

    /**
     * The duration of a JSON number, or of a text that is one, to the nearest nanosecond.
     *
     * @throws IllegalArgumentException if it is neither, or more than a thousand years either way
     */
    static Duration parse(JsonNode node) {
        BigDecimal seconds = number(node);
        if (seconds.abs().compareTo(MAX) > 0) {
            throw new IllegalArgumentException("must be finite, at most " + MAX + " seconds");
        }
        if (!Digits.areFew(seconds)) {
            throw new IllegalArgumentException("has more than " + Json.MAX_NUMBER_DIGITS + " digits");
        }
        BigDecimal whole = seconds.setScale(0, RoundingMode.DOWN);
        BigDecimal nanos = seconds.subtract(whole).movePointRight(NANO_DIGITS).setScale(0, RoundingMode.HALF_UP);
        return Duration.ofSeconds(whole.longValueExact(), nanos.longValueExact());
    }

    private static BigDecimal number(JsonNode node) {
        if (node.isTextual() && NUMBER.matcher(node.textValue()).matches()) {
            return new BigDecimal(node.textValue());
        }
        if (!node.isNumber()) {
            throw new IllegalArgumentException("must be a finite number of seconds");
        }
        if ((node.isFloat() || node.isDouble()) && !Double.isFinite(node.doubleValue())) {
            throw new IllegalArgumentException("must be finite, got " + node.doubleValue());
        }
        return node.decimalValue();
    }
}
