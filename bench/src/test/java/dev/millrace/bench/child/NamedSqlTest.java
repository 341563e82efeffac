package dev.millrace.bench.child;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NamedSqlTest {
    @Test
    void of_namesCastsAndComments_keepsCastsAndDropsComments() {
        NamedSql sql = NamedSql.of("-- takes :batch\nselect :id::uuid, a::text from t where b = :id limit :batch");

        assertThat(sql.text()).isEqualTo("select ?::uuid, a::text from t where b = ? limit ?");
        assertThat(sql.names()).containsExactly("id", "id", "batch");
    }

    @Test
    void ofProduct_claim_namesTheOtherSchema() throws Exception {
        NamedSql sql = NamedSql.ofProduct("claim", "bench_sql");

        assertThat(sql.text()).contains("bench_sql.ready").doesNotContain("millrace.");
    }
}
