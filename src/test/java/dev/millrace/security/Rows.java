package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What the tests of rows and counts share: a flow of tasks, and what is wrong with rows and counts. */
final class Rows {
    /** Longer than anything should take on a machine that is busy with other things. */
    static final Duration LONG = Duration.ofMinutes(2);

    /** The rows of the flow and its counts at one moment, where they differ. */
    private static final String WRONG_COUNTS = """
            select concat_ws(' ', 'flow', flow, 'status', status, 'off by', sum(n))
            from (
                select flow, 0 as status, -count(*) as n from ready group by flow
                union all
                select flow, 7, -count(*) from scheduled group by flow
                union all
                select flow, 1, -count(*) from running group by flow
                union all
                select flow, status, -count(*) from outcome group by flow, status
                union all
                select flow, status, n from status_count
                union all
                select flow, status, n from status_delta
            ) p
            group by flow, status
            having sum(n) <> 0
            """;

    private static final String WRONG_ROWS = """
            select coalesce(e.id, h.id) || ' is in ' || count(h.id) || ' tables'
            from event e
            full join (
                select id from ready
                union all
                select id from scheduled
                union all
                select id from running
                union all
                select id from outcome
            ) h on h.id = e.id
            group by coalesce(e.id, h.id)
            having count(h.id) <> 1 or count(e.id) = 0
            """;

    private Rows() {}

    /** A payload that says nothing but its number. */
    record Task(int number) {}

    /** An executor of the flow "tasks" whose handler does nothing. */
    static Executor<Task> tasks(Millrace millrace) {
        return millrace.executor("tasks", Task.class)
                .voidHandler((task, run) -> {})
                .build();
    }

    /** Appends so many. */
    static List<UUID> append(Executor<Task> tasks, int number) {
        return tasks.appendAll(IntStream.range(0, number).mapToObj(Task::new).toList());
    }

    static List<String> wrongCounts(TestDatabase database) {
        return database.list(String.class, WRONG_COUNTS);
    }

    static List<String> wrongRows(TestDatabase database) {
        return database.list(String.class, WRONG_ROWS);
    }

    /** Checks that the database refuses it, with these words. */
    static void assertRefused(ThrowingCallable act, String words) {
        assertThatThrownBy(act).hasMessageContaining(words);
    }
}
