package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void of_oddNumber_tellsTheMiddleOne() {
        assertThat(Spread.of(3, 1, 2)).isEqualTo(new Spread(2, 1, 3));
    }

    @Test
    void of_evenNumber_tellsTheMeanOfTheMiddleTwo() {
        assertThat(Spread.of(4, 1, 3, 2)).isEqualTo(new Spread(2.5, 1, 4));
    }

    @Test
    void of_nothing_isRefused() {
        assertThatThrownBy(Spread::of).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void quantile_hundredValues_liesBetweenNeighboursInProportion() {
        double[] sorted = new double[101];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = i;
        }

        assertThat(Spread.quantile(sorted, 0)).isEqualTo(0);
        assertThat(Spread.quantile(sorted, 0.5)).isEqualTo(50);
        assertThat(Spread.quantile(sorted, 0.955)).isEqualTo(95.5);
        assertThat(Spread.quantile(sorted, 1)).isEqualTo(100);
    }

    @Test
    void quantile_oneValue_isThatValue() {
        assertThat(Spread.quantile(new double[] {7}, 0.99)).isEqualTo(7);
    }
}
