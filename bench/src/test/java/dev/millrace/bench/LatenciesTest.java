package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class LatenciesTest {
    @Test
    void between_hundredAndOneWaits_tellsThePercentilesInMilliseconds() {
        String begun = moments(n -> 1_000_000L * n);
        String ended = moments(n -> 1_000_000L * n + 1_000_000L * n);

        Latencies waits = Latencies.between(begun, ended);

        assertThat(waits.p50()).isCloseTo(50, Offset.offset(1e-9));
        assertThat(waits.p95()).isCloseTo(95, Offset.offset(1e-9));
        assertThat(waits.p99()).isCloseTo(99, Offset.offset(1e-9));
    }

    @Test
    void between_handlerBeforeAcknowledgement_isTheLeastWait() {
        assertThat(Latencies.between("0:500", "0:100").p50()).isEqualTo(Latencies.LEAST);
    }

    @Test
    void between_eventThatNeverStarted_isRefused() {
        assertThatThrownBy(() -> Latencies.between("0:1 1:2", "0:2")).hasMessageContaining("event 1");
    }

    private static String moments(java.util.function.IntToLongFunction moment) {
        return IntStream.rangeClosed(0, 100)
                .mapToObj(n -> n + ":" + moment.applyAsLong(n))
                .collect(Collectors.joining(" "));
    }
}
