package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The demo as it is run, with a PostgreSQL of its own. */
class DemoTest {
    @Test
    void demo_withTwoHundredEvents_settlesAllAndTellsTheSevenCounts() throws Exception {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();

        int code = Main.execute(
                new PrintWriter(out, true), new PrintWriter(err, true), "demo", "--events", "200", "--json");

        assertThat(code).as(err.toString()).isZero();
        assertThat(out.toString().lines()).hasSize(1);
        JsonNode json = new ObjectMapper().readTree(out.toString());
        assertThat(json.path("events").asInt()).isEqualTo(200);
        assertThat(json.path("counts").properties())
                .extracting(Map.Entry::getKey)
                .containsExactly("pending", "processing", "completed", "failed", "cancelled", "skipped", "aborted");
        int sum = 0;
        for (JsonNode count : json.path("counts")) {
            sum += count.asInt();
        }
        assertThat(sum).isEqualTo(200);
        assertThat(json.path("counts").path("pending").asInt()
                        + json.path("counts").path("processing").asInt())
                .isZero();
        // Which ones fail follows from their paths alone, so this never varies.
        assertThat(json.path("counts").path("failed").asInt()).isPositive();
        assertThat(json.path("counts").path("cancelled").asInt()).isPositive();
        assertThat(json.path("failures")).hasSize(3);
        assertThat(json.path("throughput_per_s").asDouble()).isPositive();
        assertThat(err.toString()).contains("total").contains("Some that did not complete");
    }
}
