package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@NotPooled("about the tests themselves")
@PostgresTest
class TestDatabaseTest {
    private final TestDatabase database;

    TestDatabaseTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void database_ofAClass_isMigratedAndItsOwn() {
        assertThat(database.text("select current_database()"))
                .isEqualTo(database.name())
                .endsWith("_testdatabasetest");
        assertThat(database.longValue("select count(*) from schema_history where not success"))
                .isZero();
    }

    @Test
    void query_withArguments_answersRowsInOrder() {
        assertThat(database.query("select n, null from generate_series(?, ?) n", 1, 2))
                .extracting(List::getFirst)
                .containsExactly(1, 2);
        assertThat(database.list(Integer.class, "select n from generate_series(1, ?) n", 3))
                .containsExactly(1, 2, 3);
        assertThat(database.text("select null")).isNull();
    }

    @Test
    void query_thatIsWrong_namesTheStatement() {
        assertThatThrownBy(() -> database.query("select no_such_column")).hasMessageContaining("select no_such_column");
    }

    @Test
    void truncateAll_withRows_emptiesTablesButNotTheSchemaHistory() {
        TestDatabase other = database.another();
        other.execute("create table keeps_nothing (n int generated always as identity)");
        other.execute("insert into keeps_nothing default values");

        other.truncateAll();
        other.execute("insert into keeps_nothing default values");

        assertThat(other.list(Integer.class, "select n from keeps_nothing")).containsExactly(1);
        assertThat(other.text("select to_regclass('millrace.schema_history')")).isNotNull();
    }

    @Test
    void empty_withOptions_hasThemAndNoSchema() {
        TestDatabase latin = database.empty("encoding 'LATIN1' locale 'C' template template0");

        assertThat(latin.text("show server_encoding")).isEqualTo("LATIN1");
        assertThat(latin.longValue("select count(*) from pg_namespace where nspname = 'millrace'"))
                .isZero();
    }

    @Test
    void killConnections_whileOneIsOpen_endsIt() throws SQLException {
        try (Connection connection = database.connect()) {
            assertThat(database.killConnections()).isEqualTo(1);
            assertThatThrownBy(() -> connection.createStatement().execute("select 1"))
                    .isInstanceOf(SQLException.class);
        }
    }

    @Test
    void await_whatComesTrue_returns() {
        database.await("select clock_timestamp() > ?::timestamptz", database.text("select clock_timestamp()"));
    }

    @Nested
    class InANestedClass {
        @Test
        void database_ofANestedClass_isTheOuterOnes(TestDatabase nested) {
            assertThat(nested).isSameAs(database);
        }
    }
}
