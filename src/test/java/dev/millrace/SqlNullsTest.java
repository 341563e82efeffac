package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.postgres.TestDatabase;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A function that is not told what it needs says so, rather than wait for ever or answer that there is no such event. */
class SqlNullsTest extends WithSql {
    private static final UUID NOBODY = UUID.fromString("00000000-0000-7000-8000-000000000001");

    SqlNullsTest(TestDatabase database) {
        super(database);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "await(null, 1) | id must not be null",
                "await('00000000-0000-7000-8000-000000000001', null) | seconds must not be null",
                "await('00000000-0000-7000-8000-000000000001', 'NaN') | seconds must be 0 to 3600, got NaN",
                "await('00000000-0000-7000-8000-000000000001', -0.5) | seconds must be 0 to 3600, got -0.5",
                "await('00000000-0000-7000-8000-000000000001', 3601) | seconds must be 0 to 3600, got 3601.0",
                "cancel(null, 'x') | id must not be null",
                "skip(null, 'x') | id must not be null",
                "cancel('00000000-0000-7000-8000-000000000001', null) | reason must not be null",
                "retry(null) | id must not be null",
                "reprioritize(null, 1) | id must not be null",
                "reprioritize('00000000-0000-7000-8000-000000000001', null) | Priority must be finite and not NaN, got null",
                "status_counts(null) | flow must not be null",
                "pause_flow(null) | flow must not be null",
                "resume_flow(null) | flow must not be null",
                "inspect_state(null) | flow must not be null",
                "failed(null) | flow must not be null",
                "failed('nobody', size => null) | Flow 'nobody' not found",
                "failed_count(null) | flow must not be null",
                "latest_members(null, 'failed') | flow must not be null",
                "cancel_all(null, 'x') | flow must not be null",
                "skip_all(null, 'x') | flow must not be null",
                "retry_all(null) | flow must not be null",
                "cleanup_events(null) | flow must not be null",
            })
    void call_withoutWhatItNeeds_isRefused(String call, String message) {
        assertThatThrownBy(() -> database.query("select " + call)).hasMessageContaining("ERROR: " + message);
    }

    @Test
    void look_atNothing_findsNothing() {
        assertThat(database.text("select status(null)")).isNull();
        assertThat(database.text("select event(null)")).isNull();
        assertThat(database.query("select * from attempts(null)")).isEmpty();
        assertThat(database.text("select cancel(?, 'x')", NOBODY)).isEqualTo("false");
    }
}
