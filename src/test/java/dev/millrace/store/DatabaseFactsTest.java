package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.event.ConfigurationException;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The check of a server that is too old is tried on what such a server would say; none is at hand. */
@PostgresTest
class DatabaseFactsTest {
    private static DatabaseFacts of(int version, String name) {
        return new DatabaseFacts("events", version, name, "UTF8", false, false, false, true, "read committed");
    }

    @Test
    void check_serverBefore14_isRefusedWithWhatWasFoundAndIsNeeded() {
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> of(130_022, "13.22 (Debian 13.22-1)").check())
                .withMessage("database 'events' is PostgreSQL 13.22 (Debian 13.22-1); Millrace needs 14 or newer");
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> of(90_624, "9.6.24").check());
    }

    @Test
    void check_server14_isAccepted() {
        assertThatCode(() -> of(140_000, "14.0").check()).doesNotThrowAnyException();
    }

    @Test
    void check_standby_isRefused() {
        var standby = new DatabaseFacts("events", 180_000, "18", "UTF8", true, true, false, true, "read committed");

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(standby::check)
                .withMessageContaining("is a standby; Millrace needs the primary");
    }

    @Test
    void of_aRunningServer_saysWhatItIs(TestDatabase database) {
        var facts = DatabaseFacts.of(new Database(database.newPool(1), "millrace", Duration.ofSeconds(30)));

        assertThat(facts.name()).isEqualTo(database.name());
        assertThat(facts.version())
                .isEqualTo((int) database.longValue("select current_setting('server_version_num')::int"));
        assertThat(facts.encoding()).isEqualTo("UTF8");
        assertThat(facts.readsCommittedByDefault()).isTrue();
    }
}
