package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResultTest {
    @Test
    void ratio_rate_isOursOverTheirs() {
        assertThat(Unit.PER_SECOND.ratio(300, 100)).isEqualTo(3);
    }

    @Test
    void ratio_cost_isTheirsOverOurs() {
        assertThat(Unit.MILLIS.ratio(2, 6)).isEqualTo(3);
        assertThat(Unit.BYTES.ratio(1_000, 500)).isEqualTo(0.5);
    }

    @Test
    void ratio_severalRounds_isTheMedianOfTheRoundsRatios() {
        Result result = drain(new Pair(100, 50), new Pair(10, 10), new Pair(90, 30));

        assertThat(result.ratio()).isEqualTo(new Spread(2, 1, 3));
        assertThat(result.ours()).isEqualTo(new Spread(90, 10, 100));
    }

    @Test
    void result_withoutRoundsOrReason_isRefused() {
        assertThatThrownBy(ResultTest::drain).hasMessageContaining("reason");
    }

    @Test
    void json_measured_hasTheSixFieldsAndWhatWasSet() throws Exception {
        JsonNode line =
                new ObjectMapper().readTree(Output.json(drain(new Pair(3_000.4, 1_500)), Map.of("date", "2026-11-22")));

        assertThat(line.get("case").textValue()).isEqualTo("drain");
        assertThat(line.get("peer").textValue()).isEqualTo("sql");
        assertThat(line.get("ours").doubleValue()).isEqualTo(3_000);
        assertThat(line.get("theirs").doubleValue()).isEqualTo(1_500);
        assertThat(line.get("ratio").doubleValue()).isEqualTo(2);
        assertThat(line.get("unit").textValue()).isEqualTo("events/s");
        assertThat(line.get("rounds").intValue()).isEqualTo(1);
        assertThat(line.get("events").intValue()).isEqualTo(10);
        assertThat(line.get("date").textValue()).isEqualTo("2026-11-22");
    }

    @Test
    void json_skipped_saysWhy() throws Exception {
        JsonNode line =
                new ObjectMapper().readTree(Output.json(Result.skipped(Case.DRAIN, "pg-boss", "no node"), Map.of()));

        assertThat(line.get("ratio").isNull()).isTrue();
        assertThat(line.get("skipped").textValue()).isEqualTo("no node");
    }

    @Test
    void text_measured_tellsMediansSpreadsAndRatio() {
        assertThat(Output.text(drain(new Pair(30_000, 10_000), new Pair(32_000, 10_000), new Pair(34_000, 10_000))))
                .contains("ours 32,000 events/s (30,000 to 34,000)", "ratio 3.20 (3.00 to 3.40)");
    }

    private static Result drain(Pair... rounds) {
        return Result.of(Case.DRAIN, "sql", List.of(rounds), Map.of("events", 10));
    }
}
