package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Payloads;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.util.PSQLException;

/** What it costs the database to look at a payload grows with its size alone, whatever its shape. */
@PostgresTest
class PayloadCheckTest {
    /** A hundred times what the dearest shape of 1 MiB takes here; before, shapes of a quarter of it took longer. */
    private static final String BOUND = "set statement_timeout = '60s'";

    private final TestDatabase database;

    PayloadCheckTest(TestDatabase database) {
        this.database = database;
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("13.18 a payload of 1 MiB is judged in bounded time, whatever its shape")
    void append_oneMebibyteOfTheWorst_isJudged(WorstShape shape) throws SQLException {
        String document = shape.document((1 << 20) - 5_000);

        @Nullable String refusal = refusal(document);

        if (shape.isRefused()) {
            assertThat(refusal).startsWith("payload refused at $");
        } else {
            assertThat(refusal).isNull();
        }
    }

    @Test
    @DisplayName("13.18 what is small is refused with the whole path, what would take long with its beginning")
    void append_nestedTrouble_saysWhere() throws SQLException {
        assertThat(refusal("{\"a\":[1,{\"b\":" + "1".repeat(1_001) + "}]}"))
                .isEqualTo("payload refused at $.a[1].b: the number has more than 1000 digits; send it as a text");
        assertThat(refusal(WorstShape.NESTED_490_AROUND_A_LONG_NUMBER.document(20_000)))
                .matches("payload refused at \\$(\\[0\\]){12}\\.\\.\\.(\\[0\\]){11}\\.\\.\\.: the number has more .*");
    }

    @Test
    @DisplayName("13.18 SQL and the library refuse the same documents")
    void append_generated_isRefusedAsByTheLibrary() throws SQLException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            JsonNode tree = new Generated(random).tree();
            String document = Generated.document(tree);
            @Nullable String bySql = refusal(document);
            @Nullable String byJava = refusalByTheLibrary(tree);
            if ((bySql == null) != (byJava == null)) {
                differences.add("sql: %s, java: %s, of %.200s".formatted(bySql, byJava, document));
            }
        }
        assertThat(differences).as("seed %s", seed).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = " -> ",
            quoteCharacter = '`',
            value = {
                "number -> '[\"' || repeat('x', p) || '\", ' || repeat('1', 1001) || ', \"\"]'",
                "number -> '[\"' || repeat('x', p) || '\", -1.' || repeat('1', 1000) || ']'",
                "number -> '[' || repeat('1, ', p) || repeat('1', 5000) || ', \"\"]'",
                "key -> '{\"' || repeat('x', p) || '\": 1, \"' || repeat('k', 50001) || '\": \": \"}'",
                "key -> '{\"' || repeat('\\\"', p) || '\": 1, \"' || repeat('\\\"', 50001) || '\": 1}'",
                "key -> '{\"' || repeat('x', p) || '\": 1, \"' || repeat('\\u0001', 50001) || '\": 1}'",
                "key -> '[\"' || repeat('x', p) || '\", {\"' || repeat(chr(128512), 25001) || '\": 1}]'",
                "`` -> '[\"' || repeat('x', p) || '\", ' || repeat('1', 1000) || ', -' || repeat('1', 999) || '.5, \"\"]'",
                "`` -> '[\"' || repeat('x', p) || '\", \"' || repeat('1', 60000) || '\", 1, ' || repeat('1', 600) || ']'",
                "`` -> '{\"' || repeat('x', p) || '\": 1, \"' || repeat('k', 50000) || '\": \"' || repeat('k', 50001) || '\"}'",
                "`` -> '{\"' || repeat('x', p) || '\": 1, \"' || repeat('\\\\', 50000) || '\": \": \"}'",
                "`` -> '[\"' || repeat('x', p) || '\", {\"' || repeat(chr(128512), 25000) || '\": 1}]'"
            })
    @DisplayName("13.18 a number or a key is judged alike wherever in the text it begins")
    void trouble_whereverItBegins_isTheSame(String trouble, String document) {
        assertThat(database.list(
                        String.class,
                        "select distinct coalesce(split_part(json_trouble(v, v::text, 0), ' ', 2), '') from (select n * 23 as p from generate_series(0, 25) n) n"
                                + " cross join lateral (select (" + document + ")::jsonb as v offset 0) made"))
                .containsExactly(trouble);
    }

    @Test
    @DisplayName("13.18 the size of a text is counted without the blanks between its parts, wherever they stand")
    void size_ofAText_isWithoutBlanks() {
        assertThat(database.list(Boolean.class, """
                        select json_size(v::text) = octet_length(replace(replace(v::text, '", ', '",'), '": ', '":'))
                        from generate_series(0, 600) n,
                            jsonb_build_array(repeat('a, b: c  ', n), 'x', repeat('\"', n), jsonb_build_object('k', repeat(' ', n))) v
                        where n % 7 = 0
                        """)).containsOnly(true);
        assertThat(database.longValue("select json_size('[' || repeat('1, ', 10000) || '1]')"))
                .isEqualTo(20_003);
    }

    @Test
    @DisplayName("13.19 a name of 20 million characters is refused by its beginning")
    void append_endlessName_readsOnlyItsBeginning() throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(BOUND);
            for (String call : List.of(
                    "append(repeat('x', 20000000), 't', '1')",
                    "append('f', repeat('x', 20000000), '1')",
                    "append('f', 't', '1', unique_key => repeat('x', 20000000))",
                    "append('f', 't', '1', unique_key => 'k', unique_scope => repeat('x', 20000000))",
                    "append('f', 't', '1', unique_key => 'k', on_conflict => repeat('x', 20000000))",
                    "append_many(jsonb_build_array(jsonb_build_object(repeat('x', 20000000), 1)))",
                    "append_many(jsonb_build_array(jsonb_build_object('payload', 1, 'run_at', repeat('x', 20000000))), 'f', 't')",
                    "members(repeat('x', 20000000), 'pending')",
                    "status_counts(repeat('x', 20000000))",
                    "quoted(repeat(chr(7), 20000000))")) {
                String answer = answer(statement, "select millrace." + call);
                assertThat(answer).as(call).hasSizeLessThan(10_000);
            }
        }
    }

    private static String answer(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? String.valueOf(rows.getString(1)) : "";
        } catch (SQLException e) {
            assertThat(e.getSQLState()).as(e.getMessage()).isNotEqualTo("57014"); // not for its time
            return String.valueOf(e.getMessage());
        }
    }

    private @Nullable String refusal(String document) throws SQLException {
        try (Connection connection = database.connect();
                Statement bound = connection.createStatement();
                PreparedStatement append =
                        connection.prepareStatement("select millrace.append('shapes', 'shape', ?::jsonb)")) {
            bound.execute(BOUND);
            append.setString(1, document);
            try {
                append.executeQuery().close();
                return null;
            } catch (PSQLException e) {
                assertThat(e.getSQLState()).as(e.getMessage()).isEqualTo("22023");
                return Objects.requireNonNull(e.getServerErrorMessage()).getMessage();
            }
        }
    }

    private static @Nullable String refusalByTheLibrary(JsonNode tree) {
        try {
            assertThat(Payloads.encode(tree, Payloads.DEFAULT_CAP_BYTES)).isNotEmpty();
            return null;
        } catch (ValidationException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
