package dev.millrace.postgres;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a database holds, to be compared before and after something that must change nothing.
 *
 * @param catalog every schema, relation, column, constraint, index, function, trigger, type, role and setting, as lines
 * @param rows how many rows each table of Millrace has
 */
public record Fingerprint(List<String> catalog, Map<String, Long> rows) {
    private static final String CATALOG = """
            select line from (
                select 'schema ' || nspname as line from pg_namespace where nspname !~ '^pg_(toast_)?temp_'
                union all
                select format('relation %s %s %s', oid::regclass, relkind, relpersistence) from pg_class
                where relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_')
                union all
                select format('column %s.%I %s', attrelid::regclass, attname, format_type(atttypid, atttypmod))
                from pg_attribute join pg_class on pg_class.oid = attrelid
                where relnamespace = 'millrace'::regnamespace and attnum > 0
                union all
                select format('constraint %s %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
                from pg_constraint where connamespace = 'millrace'::regnamespace
                union all
                select pg_get_indexdef(indexrelid) from pg_index join pg_class on pg_class.oid = indrelid
                where relnamespace = 'millrace'::regnamespace
                union all
                select format('function %s %s', oid::regprocedure, md5(prosrc)) from pg_proc
                where pronamespace <> 'pg_catalog'::regnamespace
                union all
                select pg_get_triggerdef(oid) from pg_trigger
                union all
                select format('%s functions, %s types, %s relations', (select count(*) from pg_proc),
                    (select count(*) from pg_type), (select count(*) from pg_class where relname !~ '^pg_toast'))
                union all
                select 'role ' || rolname from pg_roles
                union all
                select format('setting %s %s %s', setdatabase, setrole, setconfig) from pg_db_role_setting
            ) lines
            order by line collate "C"
            """;

    /** As it is now. */
    public static Fingerprint of(TestDatabase database) {
        List<String> tables = database.list(
                String.class, "select tablename::text from pg_tables where schemaname = 'millrace' order by 1");
        Map<String, Long> rows = new TreeMap<>();
        if (!tables.isEmpty()) {
            String counts = tables.stream()
                    .map("select '%1$s', count(*) from millrace.%1$s"::formatted)
                    .collect(Collectors.joining(" union all "));
            database.query(counts)
                    .forEach(row ->
                            rows.put(String.valueOf(row.getFirst()), (Long) Objects.requireNonNull(row.getLast())));
        }
        return new Fingerprint(database.list(String.class, CATALOG), rows);
    }

    /** Whether there is no event in any form: appended, queued, settled, counted. */
    public boolean holdsNoEvent() {
        return rows.entrySet().stream()
                .filter(table -> !List.of("flow", "lane", "schema_history", "worker", "sleeper", "progression")
                        .contains(table.getKey()))
                .allMatch(table -> table.getValue() == 0);
    }
}
