package dev.millrace.event;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * Counts the digits of a number as jsonb writes it out, without exponent: {@code 1e400} takes 401. Cheap for numbers of
 * any size, which a hostile one needs.
 */
final class Digits {
    private static final int BITS_OF_MAX = 3322; // 10^1000 has 3,322 bits

    private Digits() {}

    /** Whether there are no more digits than a reader accepts. */
    static boolean areFew(BigInteger number) {
        int bits = number.bitLength();
        return bits < BITS_OF_MAX
                || (bits == BITS_OF_MAX && number.abs().toString().length() <= Json.MAX_NUMBER_DIGITS);
    }

    /** Whether there are no more digits, before and after the point, than a reader accepts. */
    static boolean areFew(BigDecimal number) {
        if (number.unscaledValue().bitLength() > BITS_OF_MAX) {
            return false;
        }
        long scale = number.scale();
        long digits = scale > 0 ? Math.max(number.precision(), scale + 1) : number.precision() - scale;
        return digits <= Json.MAX_NUMBER_DIGITS;
    }
}
