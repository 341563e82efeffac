package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which priorities restored events are queued with so that they keep their order. */
class KeptOrderTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "'', ''",
                "1, -",
                "1 2 2 3, - - - -",
                "100 101 102 1, - - - 102", // urgent, but scheduled: due after the others
                "900 1 2 3, 1 - - -", // given a better priority than it had
                "1 2 9 3 4, - - 2 - -",
                "-3 -5 2 -5, -5 - -5 -"
            })
    void of_anOrder_changesAsFewAsPossible(String own, @Nullable String expected) {
        List<@Nullable Double> kept = KeptOrder.of(
                numbers(own).stream().map(number -> number == null ? 0 : number).toList());

        assertThat(kept).isEqualTo(expected == null ? Arrays.asList((Double) null) : numbers(expected));
    }

    private static List<@Nullable Double> numbers(String text) {
        List<@Nullable Double> numbers = new ArrayList<>();
        for (String word : text.isEmpty() ? List.<String>of() : List.of(text.split(" ", -1))) {
            numbers.add(word.equals("-") ? null : Double.valueOf(word));
        }
        return numbers;
    }

    @Test
    void of_anyList_neverFalls() {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("KeptOrderTest seed=" + seed + " (again with -Dmillrace.seed=" + seed + ")");
        Random random = new Random(seed);
        for (int round = 0; round < 1_000; round++) {
            List<Double> own = new ArrayList<>();
            for (int i = random.nextInt(30); i > 0; i--) {
                own.add((double) random.nextInt(10));
            }
            List<@Nullable Double> kept = KeptOrder.of(own);
            double before = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < own.size(); i++) {
                Double other = kept.get(i);
                double now = other == null ? own.get(i) : other;
                assertThat(now).as("seed %d, of %s", seed, own).isGreaterThanOrEqualTo(before);
                before = now;
            }
        }
    }
}
