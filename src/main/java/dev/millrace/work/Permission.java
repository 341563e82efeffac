package dev.millrace.work;

import java.time.Duration;
import java.util.Objects;

/**
 * The answer to a request to run an event: it may run, it is to wait, or it is denied. A denial is a strike, and the third strike
 * aborts the event for good. "Not now" is {@link #waitFor}; a number of starts in a time is {@link RateLimit}.
 */
public sealed interface Permission {
    /** It may run now. */
    static Permission granted() {
        return Granted.GRANTED;
    }

    /**
     * It may not run: a strike. The event comes back later, behind others, and the third denial aborts it: its work is not done. The
     * executor's {@code denialBackOff} says when it comes back, and {@code maxDenials} how many denials abort.
     *
     * <p>Beware: for an event that may run later, this is the wrong answer. {@link #waitFor} has it come back as often as it takes;
     * {@link RateLimit} limits the starts in a time.
     */
    static Permission denied(String reason) {
        return new Denied(reason, Duration.ZERO);
    }

    /** As {@link #denied(String)}, but it comes back after that delay if the executor's {@code denialBackOff} is shorter. */
    static Permission denied(String reason, Duration delay) {
        return new Denied(reason, delay);
    }

    /** It may not run now: no strike. The event comes back after the delay and is asked about again, as often as it takes. */
    static Permission waitFor(Duration delay) {
        return new Wait(delay);
    }

    /**
     * Granted or denied, for checks whose no is final.
     *
     * <p>Beware: no is a denial, and the third denial aborts the event. A check that means "not now" answers with {@link #waitFor}
     * in place of no; a check that counts starts is a {@link RateLimit}.
     */
    static Permission of(boolean granted) {
        return granted ? granted() : denied("permission check answered no");
    }

    /** It may run now. */
    enum Granted implements Permission {
        /** The one value. */
        GRANTED
    }

    /**
     * A strike.
     *
     * @param reason kept with the attempt; not null
     * @param delay before it is due again at the least; zero leaves it to the executor's {@code denialBackOff}
     */
    record Denied(String reason, Duration delay) implements Permission {
        /** Refuses a negative delay. */
        public Denied {
            Objects.requireNonNull(reason, "reason");
            Objects.requireNonNull(delay, "delay");
            if (delay.isNegative()) {
                throw new IllegalArgumentException("delay must not be negative, got " + delay);
            }
        }
    }

    /**
     * Not yet, and no strike.
     *
     * @param delay before it is due again; positive
     */
    record Wait(Duration delay) implements Permission {
        /** Refuses a delay that is not positive. */
        public Wait {
            Objects.requireNonNull(delay, "delay");
            if (delay.isNegative() || delay.isZero()) {
                throw new IllegalArgumentException("delay must be positive, got " + delay);
            }
        }
    }
}
