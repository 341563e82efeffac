package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @Test
    void help_listsOptionsAndExitCodes() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains("--peers", "--cases", "--rounds", "--events", "--json", "--jdbc-url", "Exit codes");
    }

    @ParameterizedTest
    @CsvSource({
        "--peers=nobody, no peer 'nobody'",
        "--peers=millrace, no peer 'millrace'",
        "--cases=speed, no case 'speed'",
        "--rounds=0, --rounds must be 1 to 100",
        "--rounds=101, --rounds must be 1 to 100",
        "--events=99, --events must be 100 to",
        "--events=many, --events",
        "--jdbc-url=postgres://here, --jdbc-url must look like",
        "--postgres-home=/nowhere, no bin/initdb",
        "--fast, --fast",
    })
    void arguments_wrong_areUsageErrorsThatSayWhatIsRight(String argument, String message) {
        assertThat(run(argument)).isEqualTo(2);
        assertThat(err.toString()).contains(message);
        assertThat(out.toString()).isEmpty();
    }
}
