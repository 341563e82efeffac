package dev.millrace.process;

import java.time.Duration;
import java.util.Objects;

/** What a handler says shall become of its event, in place of an answer or an error. */
sealed interface Verdict {
    /** The method that says it. */
    String word();

    /** Failed for good. */
    record Fail(String reason) implements Verdict {
        public Fail {
            Objects.requireNonNull(reason, "reason");
        }

        @Override
        public String word() {
            return "fail";
        }
    }

    /** Not needed. */
    record Skip(String reason) implements Verdict {
        public Skip {
            Objects.requireNonNull(reason, "reason");
        }

        @Override
        public String word() {
            return "skip";
        }
    }

    /** Called off. */
    record Cancel(String reason) implements Verdict {
        public Cancel {
            Objects.requireNonNull(reason, "reason");
        }

        @Override
        public String word() {
            return "cancel";
        }
    }

    /** Failed this time, and to be run again after the pause, which may be zero. */
    record RetryIn(Duration pause) implements Verdict {
        public RetryIn {
            Objects.requireNonNull(pause, "pause");
            if (pause.isNegative()) {
                throw new IllegalArgumentException("retryIn: the pause must not be negative, got " + pause);
            }
        }

        @Override
        public String word() {
            return "retryIn";
        }
    }

    /** Not yet: to be run again after the pause, which is positive. */
    record Snooze(Duration pause) implements Verdict {
        public Snooze {
            Objects.requireNonNull(pause, "pause");
            if (pause.isNegative() || pause.isZero()) {
                throw new IllegalArgumentException("snooze: the pause must be positive, got " + pause);
            }
        }

        @Override
        public String word() {
            return "snooze";
        }
    }
}
