package dev.millrace.cli.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PlanTest {
    @ParameterizedTest
    @EnumSource(Profile.class)
    void plan_ofASeed_isAlwaysTheSame(Profile profile) {
        Plan plan = Plan.of(7, 900, profile, 1_500, 4);

        assertThat(Plan.of(7, 900, profile, 1_500, 4)).isEqualTo(plan);
        assertThat(Plan.of(8, 900, profile, 1_500, 4)).isNotEqualTo(plan);
    }

    @ParameterizedTest
    @EnumSource(Profile.class)
    void plan_ofAQuarterOfAnHour_hasAThousandFaultsOfEveryPlannedKind(Profile profile) {
        Plan plan = Plan.of(1, 900, profile, 1_500, 4);

        assertThat(plan.faults()).hasSizeGreaterThan(1_000);
        assertThat(plan.faults().stream().map(Plan.Fault::kind).collect(Collectors.toSet()))
                .hasSize(FaultKind.values().length - 1)
                .doesNotContain(FaultKind.HALT);
    }

    @Test
    void stall_always_outlastsTheLease() {
        Plan plan = Plan.of(3, 900, Profile.AIMED, 1_500, 4);

        assertThat(plan.faults().stream().filter(fault -> fault.kind() == FaultKind.SIGSTOP))
                .isNotEmpty()
                .allMatch(fault -> fault.millis() > 1_500 && fault.target() < 4);
    }
}
