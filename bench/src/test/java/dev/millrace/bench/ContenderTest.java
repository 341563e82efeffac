package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.bench.child.Resources;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ContenderTest {
    @ParameterizedTest
    @EnumSource
    void contender_any_saysItsSetUpAndHasItsStatements(Contender contender) throws IOException {
        assertThat(contender.configuration()).startsWith(contender.label()).hasSizeGreaterThan(40);
        for (String name : new String[] {"empty", "left", "state", "analyze"}) {
            assertThat(Resources.text(contender.label() + "/" + name + ".sql")).isNotBlank();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DB_SCHEDULER", "JOBRUNR", "GRAPHILE_WORKER", "PG_BOSS"})
    void configuration_otherProject_namesItsVersion(Contender peer) throws IOException {
        assertThat(peer.configuration()).matches(peer.label() + " \\d+\\.\\d+\\.\\d+: .*");
    }

    @Test
    void peer_ourselves_isNone() {
        assertThat(Contender.peer("millrace")).isEmpty();
        assertThat(Contender.peer("pg-boss")).contains(Contender.PG_BOSS);
    }

    @ParameterizedTest
    @CsvSource({"v22.18.0, true", "v22.17.9, false", "v20.20.2, false", "v24.0.0, true", "nonsense, false"})
    void isNewEnough_version_asThePeersWant(String version, boolean expected) {
        assertThat(NodeHome.isNewEnough(version)).isEqualTo(expected);
    }
}
