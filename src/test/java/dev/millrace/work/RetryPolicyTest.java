package dev.millrace.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.millrace.event.EventTimeoutException;
import dev.millrace.event.ValidationException;
import java.time.Duration;
import java.util.LongSummaryStatistics;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The pauses that policies make. */
class RetryPolicyTest {
    private final Exception error = new IllegalStateException("failure");

    private LongSummaryStatistics millis(RetryPolicy policy, int failures) {
        return LongStream.range(0, 2_000)
                .map(n -> policy.delayAfter(failures, error).orElseThrow().toMillis())
                .summaryStatistics();
    }

    @Test
    @DisplayName("Full jitter: pauses fill the whole range from nothing to a ceiling that doubles")
    void exponential_pauses_fillTheRange() {
        RetryPolicy policy = RetryPolicy.exponential(Duration.ofSeconds(1), 10);
        for (int failures = 1; failures <= 5; failures++) {
            long ceiling = 1_000L << (failures - 1);
            LongSummaryStatistics pauses = millis(policy, failures);

            assertThat(pauses.getMax()).as("failure %d", failures).isBetween(ceiling * 9 / 10, ceiling);
            assertThat(pauses.getMin()).as("failure %d", failures).isBetween(0L, ceiling / 10);
            assertThat(pauses.getAverage()).as("failure %d", failures).isBetween(ceiling * 0.4, ceiling * 0.6);
        }
    }

    @Test
    @DisplayName("The ceiling stops at the cap, however many failures there were")
    void exponential_cap_holds() {
        RetryPolicy policy = RetryPolicy.exponential(Duration.ofSeconds(1), Duration.ofSeconds(3), Integer.MAX_VALUE);

        assertThat(millis(policy, 2).getMax()).isBetween(1_800L, 2_000L);
        assertThat(millis(policy, 3).getMax()).isBetween(2_700L, 3_000L);
        assertThat(millis(policy, 1_000_000).getMax()).isBetween(2_700L, 3_000L);
        assertThat(millis(RetryPolicy.exponential(Duration.ofSeconds(1), Integer.MAX_VALUE), 100)
                        .getMax())
                .isBetween(3_240_000L, 3_600_000L);
    }

    @Test
    @DisplayName("Policies end with their attempts, and with an error that is not retryable")
    void policies_end() {
        for (RetryPolicy policy :
                new RetryPolicy[] {RetryPolicy.fixed(Duration.ZERO, 3), RetryPolicy.exponential(Duration.ZERO, 3)}) {
            assertThat(policy.delayAfter(2, error)).contains(Duration.ZERO);
            assertThat(policy.delayAfter(3, error)).isEmpty();
            assertThat(policy.delayAfter(1, new ValidationException("never"))).isEmpty();
        }
        assertThat(RetryPolicy.none().delayAfter(1, error)).isEmpty();
    }

    @Test
    @DisplayName("Timeouts count as failures only where the policy says so, and then as any other error")
    void retryingTimeouts_onlyWhenAsked() {
        RetryPolicy policy = RetryPolicy.fixed(Duration.ofSeconds(1), 3);
        RetryPolicy both = policy.retryingTimeouts();

        assertThat(policy.retriesTimeouts()).isFalse();
        assertThat(both.retriesTimeouts()).isTrue();
        assertThat(both.delayAfter(1, error)).contains(Duration.ofSeconds(1));
        assertThat(both.delayAfter(1, new EventTimeoutException(Duration.ofSeconds(1))))
                .isPresent();
        assertThat(both.delayAfter(3, error)).isEmpty();
    }

    @Test
    @DisplayName("Bad bounds are refused, naming the setting, its value and its bounds")
    void exponential_badBounds_areRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryPolicy.exponential(Duration.ofSeconds(2), Duration.ofSeconds(1), 3))
                .withMessage("longest must be the base (PT2S) to PT8760H, got PT1S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryPolicy.exponential(Duration.ofSeconds(-1), Duration.ofSeconds(1), 3))
                .withMessage("base must be PT0S to PT1H, got PT-1S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryPolicy.fixed(Duration.ZERO, 0))
                .withMessage("attempts must be at least 1, got 0");
    }
}
