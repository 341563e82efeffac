package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A minute of the aimed torture: the long ones are run by hand. */
class TortureTest {
    private static final String SEED = System.getProperty("torture.seed", "1");

    @Test
    void torture_aimedForAMinute_findsNothing() throws Exception {
        StringWriter out = new StringWriter();

        int code = Main.execute(
                new PrintWriter(out, true),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                "torture",
                "--seconds=60",
                "--profile=aimed",
                "--json",
                "--seed=" + SEED);

        assertThat(code).as(out.toString()).isZero();
        List<String> lines = out.toString().lines().toList();
        JsonNode report = new ObjectMapper().readTree(lines.getLast());
        assertThat(report.path("violations")).isNotEmpty().allMatch(count -> count.asLong() == 0);
        assertThat(report.path("events").asLong()).isGreaterThan(100);
        assertThat(report.path("faults")).isNotEmpty();
    }
}
