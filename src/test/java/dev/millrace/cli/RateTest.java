package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RateTest {
    @ParameterizedTest
    @CsvSource({"100/60s, 100, PT60S", "3/s, 3, PT1S", "100/1m, 100, PT60S", "5/500ms, 5, PT0.5S", "7 / h, 7, PT1H"})
    void parse_ofWhatPeopleType_isThatRate(String text, int permits, Duration per) {
        assertThat(Rate.parse(text)).isEqualTo(new Rate(permits, per));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "100", "/s", "0/s", "-1/s", "1.5/s", "1/0s", "1/9ms", "1/", "1/s/s", "9999999999/s", "a/b"})
    void parse_ofAnythingElse_saysWhatIsWrong(String text) {
        assertThatThrownBy(() -> Rate.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
