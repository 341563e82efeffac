package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TermsTest {
    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    @DisplayName("R-004 a timeout that is not finite is refused")
    void timeoutOfSeconds_notFinite_isRefused(double seconds) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Terms.timeoutOfSeconds(seconds))
                .withMessage("timeout must be finite, got " + seconds);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.0, -1, -1e-9})
    @DisplayName("R-004 a timeout that is not positive is refused")
    void timeoutOfSeconds_notPositive_isRefused(double seconds) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Terms.timeoutOfSeconds(seconds))
                .withMessage("timeout must be positive, got " + seconds);
    }

    @ParameterizedTest
    @CsvSource({"PT0S,0.0", "PT-1S,-1.0", "PT-0.000000001S,-0.000000001"})
    @DisplayName("R-004 a duration that is not positive is refused")
    void terms_durationNotPositive_isRefused(Duration timeout, String shown) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Terms(null, timeout, null, false))
                .withMessage("timeout must be positive, got " + shown);
    }

    @Test
    @DisplayName("R-004 a timeout longer than the database keeps counts as infinite")
    void terms_longerThanTenYears_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Terms(null, Terms.MAX_TIMEOUT.plusNanos(1), null, false))
                .withMessageStartingWith("timeout must be finite, at most 3650 days");
        assertThat(new Terms(null, Terms.MAX_TIMEOUT, null, false).timeout()).isEqualTo(Terms.MAX_TIMEOUT);
    }

    @Test
    @DisplayName("R-004 half a second is accepted")
    void timeoutOfSeconds_half_isHalfASecond() {
        assertThat(Terms.timeoutOfSeconds(0.5)).isEqualTo(Duration.ofMillis(500));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    @DisplayName("R-046 a priority that is not finite is refused")
    void terms_priorityNotFinite_isRefused(double priority) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Terms(priority, null, null, false))
                .withMessage("Priority must be finite and not NaN, got " + priority);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1000000000-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "+10000-01-01T00:00:00Z"})
    void terms_deadlineOutsideTheYears_isRefused(String deadline) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Terms(null, null, Instant.parse(deadline), false))
                .withMessageStartingWith("deadline must lie in the years 1 to 9999");
    }
}
