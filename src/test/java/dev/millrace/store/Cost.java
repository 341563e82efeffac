package dev.millrace.store;

import dev.millrace.postgres.TestDatabase;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What PostgreSQL did in the tables of a database, by its own statistics: exact once the sessions that did it have ended.
 *
 * @param pages looked at, of tables and indexes, in memory or not, as often as they were
 * @param rows read, by way of an index or not, also those that a filter then removed or that were dead
 * @param looks ways down an index, to find or to insert; each costs a page more when the index has grown by a level
 */
record Cost(long pages, long rows, long looks) {
    private static final String SO_FAR = """
            select (
                select sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)
                    + coalesce(toast_blks_read + toast_blks_hit + tidx_blks_read + tidx_blks_hit, 0))
                from pg_statio_user_tables
            )::bigint as pages, (
                (select sum(seq_tup_read) from pg_stat_user_tables) + (select sum(idx_tup_read) from pg_stat_user_indexes)
            )::bigint as rows, (
                (select sum(idx_scan) from pg_stat_user_indexes)
                + (select sum(n_tup_ins * (select count(*) from pg_index where indrelid = relid)) from pg_stat_user_tables)
            )::bigint as looks
            """;

    /** All that was done in that database since it was made. */
    static Cost soFar(TestDatabase database) {
        List<@Nullable Object> row = database.query(SO_FAR).getFirst();
        return new Cost(number(row.get(0)), number(row.get(1)), number(row.get(2)));
    }

    private static long number(@Nullable Object value) {
        return (Long) Objects.requireNonNull(value);
    }

    Cost minus(Cost before) {
        return new Cost(pages - before.pages, rows - before.rows, looks - before.looks);
    }
}
