package dev.millrace.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.store.Floor;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class FootingTest {
    private static final Floor FOUND = new Floor(1.5, 41);
    private static final Floor LATER = new Floor(1.5, 90);
    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final Footing footing = new Footing();

    @Test
    void next_atFirst_isTheFront() {
        assertThat(footing.next()).isEqualTo(Floor.FRONT);
    }

    @Test
    void next_afterASlowLookFromTheFront_isAboveWhatItFound() {
        footing.looked(Floor.FRONT, FOUND, false, HOUR);

        assertThat(footing.next()).isEqualTo(FOUND);
        footing.looked(FOUND, LATER, false, 1);
        assertThat(footing.next()).isEqualTo(LATER);
    }

    @Test
    void next_afterALookFromTheFrontThatTookNoTime_isTheFrontEveryOtherTime() {
        footing.looked(Floor.FRONT, FOUND, false, 0);

        assertThat(footing.next()).isEqualTo(FOUND);
        footing.looked(FOUND, LATER, false, 0);
        assertThat(footing.next()).isEqualTo(Floor.FRONT);
    }

    @Test
    void next_afterALookFromTheFrontThatTookNoLongerThanUsual_isTheFrontEveryOtherTime() {
        footing.looked(Floor.FRONT, FOUND, true, 1);
        footing.looked(FOUND, FOUND, false, HOUR);
        footing.looked(Floor.FRONT, FOUND, false, HOUR);
        footing.looked(FOUND, LATER, false, HOUR);

        assertThat(footing.next()).isEqualTo(Floor.FRONT);
    }

    @Test
    void next_afterAShortLook_isTheFront() {
        footing.looked(Floor.FRONT, FOUND, false, HOUR);
        footing.looked(FOUND, LATER, true, 1);

        assertThat(footing.next()).isEqualTo(Floor.FRONT);
    }
}
