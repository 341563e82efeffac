package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What this package says jsonb holds, jsonb holds, and gives back unchanged. */
@PostgresTest
class JsonbTest {
    private static final int VALUES = 3_000;
    private static final int CAP = Payloads.DEFAULT_CAP_BYTES;

    private final TestDatabase database;

    JsonbTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    @DisplayName("R-026, R-029 random payloads, responses and errors are taken by jsonb and come back the same")
    void jsonb_whatWasAccepted_comesBackTheSame() throws SQLException {
        long seed = RandomJson.seed(getClass());
        RandomJson hostile = new RandomJson(seed, 0.05);
        RandomJson ordinary = new RandomJson(seed, 0);
        try (Jsonb jsonb = new Jsonb(database.connect())) {
            for (int i = 0; i < VALUES; i++) {
                String as = "seed %d, value %d".formatted(seed, i);
                Throwable error = new ValidationException(hostile.text(), Map.of("a", hostile.value(3)));

                jsonb.check(as, Payloads.encode(new JsonPropertyTest.Box(ordinary.value(5)), CAP));
                jsonb.check(as, Json.responseText(hostile.value(5), CAP));
                jsonb.check(as, Json.text(Errors.document(error)));
            }
        }
    }

    @Test
    void jsonb_theExtremesOfWhatIsAccepted_comeBackTheSame() throws SQLException {
        try (Jsonb jsonb = new Jsonb(database.connect())) {
            jsonb.check("depth", "[".repeat(500) + "]".repeat(500));
            jsonb.check("digits", Payloads.encode(BigInteger.TEN.pow(999), CAP));
            jsonb.check("key", Payloads.encode(Map.of("\uD83D\uDE00".repeat(25_000), 1), CAP));
            jsonb.check("text", Payloads.encode("x".repeat(Payloads.MAX_CAP_BYTES - 2), Payloads.MAX_CAP_BYTES));
        }
    }

    /** A statement that stores nothing: it sends a text through jsonb and back. */
    private static final class Jsonb implements AutoCloseable {
        private final Connection connection;
        private final PreparedStatement statement;

        Jsonb(Connection connection) throws SQLException {
            this.connection = connection;
            this.statement = connection.prepareStatement("select ?::jsonb::text");
        }

        void check(String as, String json) throws SQLException {
            statement.setString(1, json);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                JsonNode back = Json.parse(rows.getString(1));
                assertThat(RandomJson.same(back, Json.parse(json))).as(as).isTrue();
            }
        }

        @Override
        public void close() throws SQLException {
            statement.close();
            connection.close();
        }
    }
}
