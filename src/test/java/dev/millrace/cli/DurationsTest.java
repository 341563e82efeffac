package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {
    @ParameterizedTest
    @CsvSource({
        "250ms, PT0.25S",
        "5s, PT5S",
        "5, PT5S",
        "1.5s, PT1.5S",
        "2m, PT2M",
        "0.5h, PT30M",
        "1d, PT24H",
        "5S, PT5S",
        "0.000001ms, PT0.000000001S"
    })
    void parse_ofWhatPeopleType_isThatLong(String text, Duration expected) {
        assertThat(Durations.parse(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "s",
                "-1s",
                "+1s",
                "1 s",
                "1w",
                "1e3s",
                "NaN",
                "Infinity",
                "0",
                "0ms",
                "0.0s",
                "١s",
                "999999999999d",
                "1.s",
                "0x10",
                "1s\u0000"
            })
    void parse_ofAnythingElse_saysWhatIsWrong(String text) {
        assertThatThrownBy(() -> Durations.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'");
    }

    @ParameterizedTest
    @CsvSource({"PT0.34S, 340ms", "PT4.21S, 4.2s", "PT3M5S, 3m05s", "PT2H4M59S, 2h04m", "PT0S, 0ms"})
    void text_ofALength_isShort(Duration duration, String expected) {
        assertThat(Durations.text(duration)).isEqualTo(expected);
    }
}
