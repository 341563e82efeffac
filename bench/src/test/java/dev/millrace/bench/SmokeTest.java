package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The whole benchmark with few events, without the peers that Node would have to be fetched for. */
class SmokeTest {
    @Test
    void bench_fewEvents_measuresEachCaseAndTellsItAsJson() throws Exception {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();

        int code = Main.execute(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                "--json",
                "--events=300",
                "--rounds=1",
                "--peers=sql,db-scheduler,self",
                "--postgres-home=embedded");

        assertThat(code).as(err.toString()).isZero();
        List<String> seen = new ArrayList<>();
        for (String line : out.toString().lines().toList()) {
            JsonNode result = new ObjectMapper().readTree(line);
            seen.add(result.get("case").textValue());
            if (!result.has("skipped")) {
                assertThat(result.get("ratio").doubleValue()).as(line).isPositive();
                assertThat(result.get("ours").doubleValue()).as(line).isPositive();
                assertThat(result.get("unit").isTextual()).isTrue();
            }
        }
        for (Case one : Case.values()) {
            assertThat(seen).contains(one.label());
        }
    }
}
