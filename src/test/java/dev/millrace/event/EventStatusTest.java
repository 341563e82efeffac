package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EventStatusTest {
    @Test
    @DisplayName("R-001 seven statuses in their fixed order, which print as their wire names")
    void all_always_hasTheSevenInOrder() {
        assertThat(EventStatus.all())
                .extracting(EventStatus::toString)
                .containsExactly("pending", "processing", "completed", "failed", "cancelled", "skipped", "aborted");
    }

    @Test
    @DisplayName("R-001 five statuses are terminal, two are active")
    void isTerminal_ofEach_splitsFiveFromTwo() {
        assertThat(EventStatus.all())
                .filteredOn(status -> !status.isTerminal())
                .containsExactly(EventStatus.PENDING, EventStatus.PROCESSING);
    }

    @ParameterizedTest
    @EnumSource(EventStatus.class)
    @DisplayName("R-001 a status is found by its wire name and by its code")
    void ofWireName_ofEach_findsIt(EventStatus status) {
        assertThat(EventStatus.ofWireName(status.wireName())).isSameAs(status);
        assertThat(EventStatus.ofCode(status.ordinal())).isSameAs(status);
    }

    @Test
    @DisplayName("R-082 an unknown or wrongly cased name is refused, and the seven are named")
    void ofWireName_wronglyCased_isRefused() {
        assertThatThrownBy(() -> EventStatus.ofWireName("Pending"))
                .isInstanceOf(NotFoundException.class)
                .hasMessageContaining("Progression 'Pending' not found in flow")
                .hasMessageContaining("aborted");
    }

    @Test
    @DisplayName("R-005, R-034, R-035 legal moves: a terminal status is never left")
    void mayBecome_fromTerminal_isNeverLegal() {
        for (EventStatus from : EventStatus.all()) {
            for (EventStatus to : EventStatus.all()) {
                boolean legal = switch (from) {
                    case PENDING ->
                        EnumSet.of(
                                        EventStatus.PROCESSING,
                                        EventStatus.CANCELLED,
                                        EventStatus.SKIPPED,
                                        EventStatus.ABORTED)
                                .contains(to);
                    case PROCESSING -> to != EventStatus.PROCESSING;
                    default -> false;
                };
                assertThat(from.mayBecome(to)).as("%s to %s", from, to).isEqualTo(legal);
            }
        }
    }
}
