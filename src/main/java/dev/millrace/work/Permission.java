package dev.millrace.work;

import java.time.Duration;
import java.util.Objects;

/** The answer to a request to run an event. */
public sealed interface Permission {
    /** It may run now. */
    static Permission granted() {
        return Granted.GRANTED;
    }

    /** It may not run: a strike. It comes back at once, behind others, until the executor's limit of denials aborts it. */
    static Permission denied(String reason) {
        return new Denied(reason, Duration.ZERO);
    }

    /** As {@link #denied(String)}, but it comes back only after a delay. */
    static Permission denied(String reason, Duration delay) {
        return new Denied(reason, delay);
    }

    /** It may not run yet: no strike, it comes back after the delay. */
    static Permission waitFor(Duration delay) {
        return new Wait(delay);
    }

    /** Granted or denied, for checks that know only yes and no. */
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
     * @param delay before it is due again; zero for none
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
