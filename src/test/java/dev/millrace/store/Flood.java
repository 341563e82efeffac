package dev.millrace.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;

/**
 * A flow with very many events: so many due and so many scheduled, five times as many settled, and of each ten a tenth more
 * that were denied (due, their priority shifted) and that were told to wait (scheduled). Ids are numbers, in order of time.
 *
 * @param number how many are due and were never denied; a multiple of ten
 */
record Flood(int flow, int lane, int otherLane, int number) {
    /** Every tenth event is of the other type. Numbers: due, then denied, scheduled, waiting, settled. */
    private static final List<String> FILL = List.of("""
            insert into millrace.event (id, flow, type, payload, priority, created_at)
            select ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, g.flow,
                case when i % 10 = 0 then 'other' else 'task' end, jsonb_build_object('number', i, 'text', repeat('x', 50)),
                1.7e9 + i / 1e3, to_timestamp(1.7e9 + i / 1e3)
            from given g, generate_series(0, 72 * g.tenth - 1) as i
            """, """
            insert into millrace.ready (id, priority, lane, flow, attempt, denials)
            select ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
                case when i < 10 * g.tenth then 1.7e9 + i / 1e3 else 1.7e9 + 1 + (i % g.tenth) / 1e2 end,
                case when i % 10 = 0 then g.other else g.lane end, g.flow, (i / (10 * g.tenth))::integer,
                (i / (10 * g.tenth))::integer
            from given g, generate_series(0, 11 * g.tenth - 1) as i
            """, """
            insert into millrace.unique_key (flow, key, event, scope)
            select g.flow, 'key ' || i, ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 1
            from given g, generate_series(0, 10 * g.tenth - 1) as i
            """, """
            insert into millrace.scheduled (id, run_at, priority, position, lane, flow, attempt)
            select ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
                clock_timestamp() + interval '1 day' + make_interval(secs => i / 1e3), 1.7e9 + i / 1e3, i,
                case when i % 10 = 0 then g.other else g.lane end, g.flow, (i / (21 * g.tenth))::integer
            from given g, generate_series(11 * g.tenth, 22 * g.tenth - 1) as i
            """, """
            insert into millrace.attempt (event, worker, started_at, attempt, reason)
            select ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, gen_random_uuid(), clock_timestamp(), 1,
                case when i < 11 * g.tenth then 'denied' else 'wait' end
            from given g, generate_series(10 * g.tenth, 22 * g.tenth - 1) as i
            where i < 11 * g.tenth or i >= 21 * g.tenth
            """, """
            insert into millrace.outcome (id, worker, started_at, duration, flow, attempt, status, retryable, response, error)
            select ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, gen_random_uuid(), clock_timestamp(), 0.01,
                g.flow, 1, case when i % 50 = 0 then 3 else 2 end, i % 50 = 0,
                case when i % 50 = 0 then null else '{"done": true}'::jsonb end, case when i % 50 = 0 then '{}'::jsonb end
            from given g, generate_series(22 * g.tenth, 72 * g.tenth - 1) as i
            """);

    private static final String GIVEN =
            "with given as (select ?::integer as flow, ?::integer as lane, ?::integer as other, ?::integer as tenth)\n";

    private static final String MAKE_DUE = """
            , stored as (
                insert into millrace.event (id, flow, type, payload, priority)
                select ('01900000-0000-7000-9000-' || lpad(to_hex(i), 12, '0'))::uuid, g.flow, 'task', '{}', 1.8e9
                from given g, generate_series(1, g.tenth) as i
                returning id
            )
            insert into millrace.scheduled (id, run_at, priority, position, lane, flow)
            select id, clock_timestamp() - interval '1 minute', 1.8e9, -row_number() over (), g.lane, g.flow
            from given g, stored
            """;

    private static final String MAKE_LATE = """
            insert into millrace.expiry (event, look_at)
            select ('01900000-0000-7000-8000-' || lpad(to_hex(400 + i), 12, '0'))::uuid, clock_timestamp() - interval '1 minute'
            from given g, generate_series(1, g.tenth) as i
            """;

    /** Stores them all; each table in one statement, so that its triggers count. */
    void fill(Connection connection) throws SQLException {
        for (String statement : FILL) {
            execute(connection, statement, number / 10);
        }
    }

    /** Stores so many more that are scheduled and have become due. */
    void makeDue(Connection connection, int due) throws SQLException {
        execute(connection, MAKE_DUE, due);
    }

    /** Has the deadlines of so many that are due pass. */
    void makeLate(Connection connection, int late) throws SQLException {
        execute(connection, MAKE_LATE, late);
    }

    private void execute(Connection connection, String statement, int size) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(GIVEN + statement)) {
            insert.setInt(1, flow);
            insert.setInt(2, lane);
            insert.setInt(3, otherLane);
            insert.setInt(4, size);
            int unused = insert.executeUpdate();
        }
    }

    /** The event of that number. */
    static UUID id(int number) {
        return new UUID(0x0190000000007000L, 0x8000000000000000L | number);
    }

    /** The unique key of the due event of that number. */
    static String key(int number) {
        return "key " + number;
    }

    /** The number of one of the scheduled ones, from 0. */
    UUID scheduled(int i) {
        return id(number / 10 * 11 + i);
    }

    /** The number of one of the settled ones, from 0. */
    UUID settled(int i) {
        return id(number / 10 * 22 + i);
    }
}
