package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Millrace;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cap of payloads is the owner's: whoever appends is held to it. */
@PostgresTest
@NotPooled("its clients become a role for as long as their session lasts")
class PayloadCapTest {
    private static final String TOO_LARGE = "payload refused at $: its JSON takes more than the cap of %s bytes";
    private static final String DONE = "done";

    private final TestDatabase database;

    PayloadCapTest(TestDatabase database) {
        this.database = database;
    }

    private static String append(int characters) {
        return "select %s.append('f', 't', to_jsonb(repeat('x', " + (characters - 2) + ")))"; // with its quotes
    }

    private static String outcome(Statement statement, String sql) {
        try {
            statement.execute(sql);
            return DONE;
        } catch (SQLException e) {
            return e.getSQLState() + " " + e.getMessage();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "set millrace.payload_cap = '67108864'",
                "select set_config('millrace.payload_cap', '67108864', false)",
                "alter role current_user set millrace.payload_cap = '67108864'"
            })
    @DisplayName("13.12 a setting of the session or of the role does not raise the cap of the append role")
    void append_settingOfTheSession_isHeldToTheCap(String attempt) throws SQLException {
        try (Connection connection = database.connectDirectly();
                Statement statement = connection.createStatement()) {
            statement.execute("set role millrace_append");
            String unused = outcome(statement, attempt);

            assertThat(outcome(statement, append(1_048_577).formatted("millrace")))
                    .startsWith("22023 ERROR: " + TOO_LARGE.formatted(1_048_576));
            assertThat(outcome(statement, append(1_048_576).formatted("millrace")))
                    .isEqualTo(DONE);
            assertThat(outcome(
                            statement,
                            "select millrace.append_many(jsonb_build_array(jsonb_build_object('payload', repeat('x', 1048577))),"
                                    + " 'f', 't')"))
                    .contains(TOO_LARGE.formatted(1_048_576));
            assertThat(
                            outcome(
                                    statement,
                                    "insert into millrace.enqueue (flow, type, payload) values ('f', 't', to_jsonb(repeat('x', 1048577)))"))
                    .contains(TOO_LARGE.formatted(1_048_576));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"millrace_append", "millrace_read", "millrace_work"})
    @DisplayName("13.12 no role but the owner changes the cap")
    void setPayloadCap_role_isRefused(String role) throws SQLException {
        try (Connection connection = database.connectDirectly();
                Statement statement = connection.createStatement()) {
            statement.execute("set role " + role);

            assertThat(outcome(statement, "select millrace.set_payload_cap(67108864)"))
                    .startsWith("42501");
            assertThat(outcome(statement, "insert into millrace.setting values ('payload_cap', 67108864)"))
                    .startsWith("42501");
            assertThat(outcome(statement, "update millrace.setting set value = 67108864"))
                    .startsWith("42501");
            assertThat(outcome(statement, "delete from millrace.setting")).startsWith("42501");
        }
    }

    @Test
    @DisplayName("13.12 an owner who is no superuser sets the cap, and takes it back")
    void setPayloadCap_ownerWithoutSuperuser_holdsForTheNextAppend() throws SQLException {
        TestDatabase other = database.empty();
        String owner = "millrace_owner_of_" + other.name();
        other.execute("create role " + owner);
        other.execute("grant create on database " + other.name() + " to " + owner);
        try {
            Millrace.migrate(
                    other.newPool(2, settings -> settings.setConnectionInitSql("set role " + owner)), "elsewhere");
            try (Connection connection = other.connectDirectly();
                    Statement statement = connection.createStatement();
                    Connection client = other.connectDirectly();
                    Statement appending = client.createStatement()) {
                statement.execute("set role " + owner);
                appending.execute("set role millrace_append");
                String append = append(3_000).formatted("elsewhere");

                assertThat(outcome(statement, "select elsewhere.set_payload_cap(2000)"))
                        .isEqualTo(DONE);
                assertThat(outcome(appending, append)).contains(TOO_LARGE.formatted(2_000));
                assertThat(outcome(statement, "select elsewhere.set_payload_cap(3000)"))
                        .isEqualTo(DONE);
                assertThat(outcome(appending, append)).isEqualTo(DONE);
                assertThat(outcome(statement, "select elsewhere.set_payload_cap(null)"))
                        .isEqualTo(DONE);
                assertThat(other.longValue("select elsewhere.payload_cap()")).isEqualTo(1_048_576);
            }
        } finally {
            other.execute("drop owned by " + owner + " cascade");
            other.execute("drop role " + owner);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 999, 67_108_865, Integer.MAX_VALUE})
    @DisplayName("13.12 a cap out of its bounds is refused with the bounds")
    void setPayloadCap_outOfBounds_isRefused(int bytes) {
        assertThatThrownBy(() -> database.query("select set_payload_cap(?)", bytes))
                .hasMessageContaining("the cap of payloads must be 1000 to 67108864 bytes, got " + bytes);
    }

    @Test
    @DisplayName(
            "13.12 what the database was set to before the migration stays in force, and later settings of it do nothing")
    void migrate_settingOfTheDatabase_isKept() {
        TestDatabase other = database.empty();
        other.execute("alter database %s set millrace.payload_cap = '4194304'".formatted(other.name()));

        Millrace.migrate(other.newPool(2));

        assertThat(other.longValue("select payload_cap()")).isEqualTo(4_194_304);
        other.execute("alter database %s set millrace.payload_cap = '8388608'".formatted(other.name()));
        assertThat(other.longValue("select payload_cap()")).isEqualTo(4_194_304);
    }
}
