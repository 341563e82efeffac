package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What the documents say of the database is what is there. */
@PostgresTest
class DocumentsTest {
    private static final Pattern VIEW = Pattern.compile("`([a-z_]+)`");
    private static final Pattern COLUMN = Pattern.compile("\\| `([a-z_]+)` \\| ([a-z0-9\\[\\]]+) \\|.*");

    /** The tables of columns in docs/sql.md: each stands below the name of its view. */
    private static Map<String, List<List<String>>> documentedViews() throws IOException {
        Map<String, List<List<String>>> views = new LinkedHashMap<>();
        @Nullable List<List<String>> columns = null;
        for (String line : Files.readAllLines(Path.of("docs/sql.md"))) {
            Matcher view = VIEW.matcher(line);
            Matcher column = COLUMN.matcher(line);
            if (view.matches()) {
                columns = new ArrayList<>();
                views.put(view.group(1), columns);
            } else if (column.matches() && columns != null) {
                columns.add(List.of(column.group(1), column.group(2)));
            } else if (line.startsWith("#")) {
                columns = null;
            }
        }
        return views;
    }

    @Test
    @DisplayName("12.14 docs/sql.md has the columns of every view with their types, in their order")
    void sqlPage_ofEveryView_hasItsColumns(TestDatabase database) throws IOException {
        Map<String, List<List<String>>> there = new LinkedHashMap<>();
        database.query("""
                        select c.relname::text, a.attname::text, case t.oid
                            when 'float8'::regtype then 'float8' when 'timestamptz'::regtype then 'timestamptz'
                            else format_type(t.oid, null) end
                        from pg_class c
                        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                        join pg_type given on given.oid = a.atttypid
                        join pg_type t on t.oid = coalesce(nullif(given.typbasetype, 0), given.oid)
                        where c.relnamespace = 'millrace'::regnamespace and c.relkind = 'v' and c.relname <> 'enqueue'
                        order by c.relname, a.attnum
                        """)
                .forEach(row -> there.computeIfAbsent(String.valueOf(row.get(0)), view -> new ArrayList<>())
                        .add(List.of(String.valueOf(row.get(1)), String.valueOf(row.get(2)))));

        assertThat(there).hasSizeGreaterThanOrEqualTo(6);
        assertThat(documentedViews()).containsExactlyInAnyOrderEntriesOf(there);
    }

    @Test
    @DisplayName("12.14 docs/sql.md has the columns of enqueue, as arguments of append")
    void sqlPage_arguments_areTheColumnsOfEnqueue(TestDatabase database) throws IOException {
        List<String> documented = new ArrayList<>();
        String page = Files.readString(Path.of("docs/sql.md"));
        String append = page.substring(page.indexOf("## append\n"), page.indexOf("## append_many"));
        append.lines().map(COLUMN::matcher).filter(Matcher::matches).forEach(row -> documented.add(row.group(1)));

        assertThat(documented)
                .containsExactlyInAnyOrderElementsOf(database.list(
                        String.class,
                        "select attname::text from pg_attribute where attrelid = 'enqueue'::regclass and attnum > 0"));
    }

    @Test
    @DisplayName("12.14 README.md has the oldest PostgreSQL that the check lets pass")
    void readme_versions_areThoseThatAreChecked() throws IOException {
        assertThat(Files.readString(Path.of("README.md")))
                .contains("PostgreSQL " + DatabaseFacts.OLDEST_SERVER + " or newer");
    }
}
