package dev.millrace.store;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import dev.millrace.event.OnConflict;
import dev.millrace.event.RetryFilter;
import dev.millrace.event.Terms;
import dev.millrace.event.Unique;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Returned;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.postgresql.jdbc.PgConnection;

/**
 * Measures what the statements of the store cost in one database, each in a session of its own that has executed it often
 * enough while the tables were empty to keep the plan from then.
 */
final class Probe {
    private static final int BATCH = 10;
    private static final int ROUNDS = 4;
    private static final int ROUNDS_UNTIL_KEPT = 12; // the driver prepares at the fifth, the server keeps at the tenth
    private static final int DUE = 1_500; // a promotion takes no more than a thousand
    private static final Duration BOUND = Duration.ofMinutes(30);
    private static final List<String> TABLES = List.of(
            "event",
            "ready",
            "scheduled",
            "running",
            "outcome",
            "attempt",
            "status_delta",
            "status_count",
            "unique_key",
            "retried");

    private final TestDatabase database;
    private final int number;
    private final UUID worker;
    private final Flood flood;
    private final Deque<Claim> held = new ArrayDeque<>();
    private final Map<String, Act> acts = new LinkedHashMap<>();
    private boolean filled;
    private int appended = 1 << 30; // above all numbers of the flood

    /** A probe of that empty database, to be filled with so many events. */
    Probe(TestDatabase database, int number) throws SQLException {
        this.database = database;
        this.number = number;
        for (String table : TABLES) {
            database.execute("alter table " + table + " set (autovacuum_enabled = false)");
            database.execute("vacuum analyze " + table);
        }
        try (Session session = new Session()) {
            int flow = session.store.flows().open("flat").id();
            Map<String, Integer> lanes = session.store.flows().lanes(flow, List.of("task", "other"));
            flood = new Flood(flow, lanes.get("task"), lanes.get("other"), number);
            worker = session.store.workers().register("here", 1, "test", Duration.ofHours(1));
            session.store.workers().close();
        }
        listMoves();
        listReads();
        listRetries();
        listAppends(); // last: from then on the tables are not empty
    }

    /** One statement, executed by the store. */
    private interface Act {
        void on(Store store, int round);
    }

    private void listMoves() {
        int flow = flood.flow();
        List<Integer> lane = List.of(flood.lane());
        List<Integer> lanes = List.of(flood.lane(), flood.otherLane());
        acts.put("claim", (store, round) -> claim(store, lane, Floor.FRONT));
        acts.put("claim-above", (store, round) -> claim(store, lane, new Floor(1.7e9 + 0.3, 0)));
        acts.put("claim_lanes", (store, round) -> claim(store, lanes, Floor.FRONT));
        acts.put("claim_one", (store, round) -> {
            store.claims().claimOne(worker, flow, lanes, Flood.id(number / 2 + round), false);
            store.claims().claimOne(worker, flow, lanes, flood.scheduled(number / 2 + round), true);
        });
        acts.put(
                "settle",
                (store, round) -> store.settlements()
                        .end(some().stream()
                                .map(claim -> new Ended(
                                        claim.hold(), EventStatus.COMPLETED, Duration.ofMillis(1), "{}", null, false))
                                .toList()));
        acts.put(
                "give_back",
                (store, round) -> store.settlements()
                        .giveBack(some().stream()
                                .map(claim -> returned(claim, round))
                                .toList()));
        acts.put("promote", (store, round) -> store.schedule().promote());
        acts.put("expire", (store, round) -> store.schedule().expire());
        acts.put(
                "end_pending",
                (store, round) -> store.settlements()
                        .endPending(flow, Flood.id(number / 2 + 200 + round), EventStatus.SKIPPED, "{}"));
        acts.put(
                "reprioritize",
                (store, round) -> store.settlements().reprioritize(flow, Flood.id(number / 2 + 300 + round), 2e9));
        acts.put("clean_up", (store, round) -> {
            if (!filled || round == 0) {
                store.events()
                        .cleanUp(flow, Set.of(EventStatus.SKIPPED), Duration.ZERO); // the few that were just skipped
            }
        });
        acts.put(
                "end_many",
                (store, round) -> store.sweeps()
                        .end(
                                flow,
                                EventStatus.SKIPPED,
                                "{}",
                                EventFilter.all().limit(BATCH),
                                moved -> {},
                                id -> false));
    }

    private void listReads() {
        int flow = flood.flow();
        List<Integer> lanes = List.of(flood.lane(), flood.otherLane());
        acts.put("due_left", (store, round) -> {
            store.claims().isDue(flow, lanes);
            store.claims().isDue(flow, List.of(-flood.lane()));
        });
        acts.put("rescue_due", (store, round) -> store.workers().untilRescue(worker));
        acts.put("counts", (store, round) -> store.counts().read(flow));
        acts.put("fold_counts", (store, round) -> store.counts().fold());
        acts.put("find", (store, round) -> store.events().find(flow, known(round)));
        acts.put(
                "settled",
                (store, round) -> store.events()
                        .settled(known(round).stream()
                                .map(id -> new Events.Awaited(flow, id))
                                .toList()));
        acts.put(
                "progress",
                (store, round) -> store.events().progress(flow, known(round).getFirst()));
        acts.put(
                "follow",
                (store, round) -> store.streams()
                        .read(known(round).stream()
                                .map(id -> new Streams.Place(flow, id, null, 0))
                                .toList()));
        acts.put("page_ready", (store, round) -> page(store, EventStatus.PENDING, Place.START));
        acts.put("page_ready-2", (store, round) -> page(store, EventStatus.PENDING, Place.parse("p,1700000000.5,0")));
        acts.put(
                "page_scheduled",
                (store, round) -> page(
                        store,
                        EventStatus.PENDING,
                        Place.parse("t," + Instant.now().plus(Duration.ofHours(1)) + ",0")));
        acts.put("page_running", (store, round) -> page(store, EventStatus.PROCESSING, Place.START));
        acts.put("page_outcome", (store, round) -> page(store, EventStatus.FAILED, Place.START));
        acts.put("failures", (store, round) -> {
            Instant since = Instant.parse("2000-01-01T00:00:00Z");
            store.events().failures(flow, RetryFilter.unsuccessful().since(since), null, BATCH);
        });
        acts.put(
                "count_failures",
                (store, round) -> store.events()
                        .countFailures(
                                flow,
                                RetryFilter.unsuccessful().since(Instant.now().plus(Duration.ofDays(1)))));
        acts.put("page_latest", (store, round) -> store.events().latest(flow, EventStatus.COMPLETED, null, BATCH));
        acts.put("page_outcome-2", (store, round) -> page(store, EventStatus.COMPLETED, Place.parse("a,,500")));
    }

    private void listAppends() {
        int flow = flood.flow();
        acts.put("append_one", (store, round) -> store.appends().append(flow, List.of(draft(round)), false));
        acts.put(
                "append",
                (store, round) -> store.appends()
                        .append(
                                flow,
                                IntStream.range(0, BATCH).mapToObj(this::draft).toList(),
                                false));
        acts.put("append_one_unique", (store, round) -> {
            store.appends().append(flow, List.of(unique(appended, OnConflict.RETURN_EXISTING)), false);
            store.appends().append(flow, List.of(unique(held(round), OnConflict.RETURN_EXISTING)), false);
        });
        acts.put("append_unique", (store, round) -> {
            store.appends()
                    .append(
                            flow,
                            IntStream.range(0, BATCH)
                                    .mapToObj(i -> unique(held(i), OnConflict.REPLACE_PENDING))
                                    .toList(),
                            false);
        });
    }

    private void listRetries() {
        int flow = flood.flow();
        acts.put("retry", (store, round) -> store.retries().retry(flow, flood.settled(500 + round), UUID.randomUUID()));
        acts.put("retry_all", (store, round) -> {
            if (!filled) { // or there would be nothing to plan for
                Draft draft = draft(0);
                store.appends().append(flow, List.of(draft), false);
                store.settlements().endPending(flow, draft.id(), EventStatus.SKIPPED, "{}");
            }
            RetryFilter some = RetryFilter.ended(filled ? EventStatus.COMPLETED : EventStatus.SKIPPED);
            store.retries().retryAll(flow, some.limit(BATCH), () -> {});
        });
    }

    /** The number of a key that one who is due has, once the database is full. */
    private int held(int i) {
        return (filled ? 0 : 1 << 29) + number / 2 + i;
    }

    private Draft unique(int key, OnConflict conflict) {
        Unique unique = new Unique(Flood.key(key), UniqueScope.untilSettled(), conflict);
        return new Draft(
                Flood.id(appended++),
                flood.lane(),
                "task",
                "{\"number\": 0}",
                "{}",
                new Terms(null, null, null, false, unique),
                null,
                null);
    }

    private List<Claim> claim(Store store, List<Integer> lanes, Floor floor) {
        return store.claims().claim(worker, flood.flow(), lanes, BATCH, floor).claims();
    }

    private List<Claim> some() {
        return IntStream.range(0, Math.min(BATCH, held.size()))
                .mapToObj(i -> held.remove())
                .toList();
    }

    private static Returned returned(Claim claim, int round) {
        return new Returned(
                claim.hold(),
                new Settlement.Standing(claim.priority() + 1, 0, 1, 0),
                round % 2 == 0 ? null : Duration.ofHours(1),
                Reason.DENIED,
                "{}",
                null);
    }

    private Draft draft(int i) {
        Instant runAt = i % 2 == 0 ? null : Instant.now().plus(Duration.ofDays(2));
        return new Draft(
                Flood.id(appended++), flood.lane(), "task", "{\"number\": 0}", "{}", Terms.DEFAULT, runAt, null);
    }

    /** Ids of some that are due, scheduled, settled. */
    private List<UUID> known(int round) {
        return IntStream.range(0, BATCH)
                .mapToObj(i -> switch (i % 3) {
                    case 0 -> Flood.id(number / 2 + 100 + i + round);
                    case 1 -> flood.scheduled(number / 2 + 100 + i + round);
                    default -> flood.settled(i + round);
                })
                .toList();
    }

    private void page(Store store, EventStatus status, Place after) {
        List<StoredEvent> events =
                store.events().page(flood.flow(), status, after, BATCH).events();
        if (filled && events.size() < BATCH) {
            throw new AssertionError(status + " has no full page after " + after.encode());
        }
    }

    /**
     * What each statement costs once the database is full.
     *
     * @param analyzed whether PostgreSQL is told of it, so that plans are made anew
     */
    Map<String, Cost> costs(boolean analyzed) throws SQLException {
        Map<String, Session> sessions = new LinkedHashMap<>();
        for (Map.Entry<String, Act> act : acts.entrySet()) {
            Session session = new Session();
            sessions.put(act.getKey(), session);
            for (int round = 0; round < ROUNDS_UNTIL_KEPT; round++) {
                act.getValue().on(session.store, round);
            }
        }
        fill(analyzed);
        database.query("select pg_sleep(1.1)"); // a session counts what it did once a second, with the next it does
        for (Session session : sessions.values()) {
            session.count();
        }
        Map<String, Cost> costs = new LinkedHashMap<>();
        for (Map.Entry<String, Session> session : sessions.entrySet()) {
            Cost before = Cost.soFar(database);
            for (int round = 0; round < ROUNDS; round++) {
                acts.get(session.getKey()).on(session.getValue().store, round);
            }
            session.getValue().close();
            costs.put(session.getKey(), Cost.soFar(database).minus(before));
        }
        return costs;
    }

    /** How long the statements take that have a bound in time, of the full database; for people to read. */
    String times() throws SQLException {
        try (Session session = new Session()) {
            return new Times(session.store, worker, flood).toString();
        }
    }

    private void fill(boolean analyzed) throws SQLException {
        try (Session session = new Session();
                Connection connection = session.pool.getConnection()) {
            flood.fill(connection);
            flood.makeDue(connection, DUE);
            flood.makeLate(connection, BATCH);
        }
        try (Session session = new Session()) {
            for (int i = 0; i < 2 * ROUNDS; i++) {
                held.addAll(claim(session.store, List.of(flood.lane()), Floor.FRONT));
            }
            while (session.store.counts().fold() > 0) {
                // more to fold
            }
        }
        if (analyzed) {
            database.execute("analyze");
        }
        filled = true;
    }

    /** A session with the database, with a store on it. */
    private final class Session implements AutoCloseable {
        private final HikariDataSource pool = database.newPool(1);
        private final Store store = new Store(new Database(pool, "millrace", BOUND, BOUND), BOUND, BOUND);

        void count() throws SQLException {
            try (Connection connection = pool.getConnection();
                    Statement statement = connection.createStatement()) {
                boolean unused = statement.execute("select 1");
            }
        }

        /** Ends it; then all that it did is counted. */
        @Override
        public void close() throws SQLException {
            long pid;
            try (Connection connection = pool.getConnection()) {
                pid = connection.unwrap(PgConnection.class).getBackendPID();
            }
            pool.close();
            database.await("select not exists (select from pg_stat_activity where pid = ?)", (int) pid);
        }
    }
}
