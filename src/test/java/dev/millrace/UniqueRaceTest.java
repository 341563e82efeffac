package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.ConnectionException;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.OnConflict;
import dev.millrace.event.UniqueScope;
import dev.millrace.event.UniqueScope.End;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sixteen threads on two Millraces append few keys, in every way, while both run the events and fail some of them. */
class UniqueRaceTest extends WithMillrace {
    private static final int THREADS = 16;
    private static final int APPENDS = 15; // of each thread
    private static final int KEYS = 4;
    private static final long SEED = Long.getLong("millrace.seed", new Random().nextLong());

    private static final Map<End, String> WHERE = Map.of(
            // one that has run before may wait beside the one that took its key meanwhile
            End.CLAIM, "select id from ready where attempt = 0 union all select id from scheduled where attempt = 0",
            End.SETTLEMENT, "select id from ready union all select id from scheduled union all select id from running",
            End.PERIOD, "select id from event",
            End.NEVER, "select id from event");

    private final Map<UUID, String> answers = new ConcurrentHashMap<>();
    private final AtomicInteger refusals = new AtomicInteger();

    UniqueRaceTest(TestDatabase database) {
        super(database);
    }

    private static UniqueScope scope(End end) {
        return switch (end) {
            case CLAIM -> UniqueScope.whilePending();
            case SETTLEMENT -> UniqueScope.untilSettled();
            case PERIOD -> UniqueScope.within(Duration.ofHours(1));
            case NEVER -> UniqueScope.forever();
        };
    }

    private static Executor<Task> working(Millrace millrace) {
        AtomicInteger runs = new AtomicInteger();
        return tasks(millrace)
                .concurrencyLimit(3)
                .pollInterval(Duration.ofMillis(10))
                .retry(RetryPolicy.fixed(Duration.ofMillis(2), 2))
                .handler((task, run) -> {
                    if (runs.incrementAndGet() % 3 == 0) {
                        throw new IllegalStateException("every third time");
                    }
                    return null;
                })
                .build();
    }

    @ParameterizedTest
    @EnumSource(End.class)
    void append_ofFewKeysByManyAtOnce_neverMakesTwoThatHoldOne(End end) throws Exception {
        System.out.println("UniqueRaceTest " + end + " seed=" + SEED);
        List<Executor<Task>> fleet = List.of(working(millrace()), working(another()));
        fleet.forEach(Executor::execute);
        List<String> violations = new ArrayList<>();
        int looks = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS);
                Connection connection = database.connect();
                PreparedStatement look = connection.prepareStatement(live(end))) {
            CountDownLatch working = new CountDownLatch(THREADS);
            List<Future<?>> appenders = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(SEED + i);
                Executor<Task> tasks = fleet.get(i % 2);
                appenders.add(threads.submit(() -> {
                    try {
                        for (int n = 0; n < APPENDS; n++) {
                            appendOnce(tasks, scope(end), random);
                        }
                    } finally {
                        working.countDown();
                    }
                    return null;
                }));
            }
            do {
                violations.addAll(doubles(look));
                looks++;
            } while (!working.await(2, TimeUnit.MILLISECONDS)); // leaves the cores to those it watches
            for (Future<?> appender : appenders) {
                appender.get();
            }
        }
        for (Executor<Task> tasks : fleet) {
            assertThat(tasks.join(LONG)).isTrue();
        }

        assertThat(violations)
                .as("keys with two holders, in %d looks, seed %d", looks, SEED)
                .isEmpty();
        assertThat(looks).isGreaterThan(10);
        assertThat(storedKeys()).as("each answer is an event of that key").containsAllEntriesOf(answers);
        assertThat(answers.size() + refusals.get()).isPositive();
        boolean outlives = end == End.PERIOD || end == End.NEVER;
        if (!outlives) {
            assertThat(storedKeys()).as("no key is stuck").hasSizeGreaterThan(KEYS);
        }
        assertThat(counts(fleet.getFirst()).values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isEqualTo(database.longValue("select count(*) from event"));
        assertThat(count(fleet.getFirst(), EventStatus.PENDING)).isZero();
    }

    /** Events of a key that hold it if anyone does: at most one of them, at every instant. */
    private static String live(End end) {
        // An event that was replaced has ended without holding its key.
        String ended = end == End.PERIOD || end == End.NEVER ? " except select id from outcome where status = 5" : "";
        return "set local search_path = millrace; select payload ->> 'name', count(*) from event join ("
                + WHERE.get(end) + ended + ") live using (id) group by 1 having count(*) > 1";
    }

    private static List<String> doubles(PreparedStatement look) throws SQLException {
        List<String> found = new ArrayList<>();
        look.getConnection().setAutoCommit(false);
        boolean rows = look.execute();
        while (!rows) {
            rows = look.getMoreResults();
        }
        try (ResultSet result = look.getResultSet()) {
            while (result.next()) {
                found.add(result.getString(1) + " has " + result.getInt(2));
            }
        }
        look.getConnection().rollback();
        return found;
    }

    private void appendOnce(Executor<Task> tasks, UniqueScope scope, Random random) throws SQLException {
        String key = "key " + random.nextInt(KEYS);
        Append options = Append.uniqueKey(key, scope)
                .onConflict(OnConflict.values()[random.nextInt(OnConflict.values().length)]);
        Task task = new Task(key);
        try {
            switch (random.nextInt(5)) {
                case 0 -> answers.put(tasks.append(tasks.newEvent(task, options)), key);
                case 1 -> appendMany(tasks, options, random);
                case 2 -> appendInTransaction(tasks, options, random);
                default -> answers.put(tasks.append(task, options), key);
            }
        } catch (ExistsException e) {
            refusals.incrementAndGet();
        }
    }

    /** Several keys, some twice, in any order. */
    private void appendMany(Executor<Task> tasks, Append options, Random random) {
        List<Task> batch = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            batch.add(new Task("key " + random.nextInt(KEYS)));
        }
        UniqueScope scope = options.terms().unique().scope();
        OnConflict conflict = options.terms().unique().onConflict();
        List<UUID> ids = tasks.appendAll(
                batch, task -> Append.uniqueKey(task.name(), scope).onConflict(conflict));
        for (int i = 0; i < ids.size(); i++) {
            answers.put(ids.get(i), batch.get(i).name());
        }
    }

    private void appendInTransaction(Executor<Task> tasks, Append options, Random random) throws SQLException {
        String key = options.terms().unique().key();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    "set transaction isolation level " // not the session's, which may be others' next
                            + (random.nextInt(3) == 0 ? "repeatable read" : "read committed"));
            try {
                UUID id = tasks.append(connection, new Task(key), options);
                if (random.nextInt(3) == 0) {
                    connection.rollback(); // then nothing was appended, and the key is whose it was
                } else {
                    connection.commit();
                    answers.put(id, key);
                }
            } catch (ConnectionException e) { // a serialization failure
                connection.rollback();
            }
        }
    }

    private Map<UUID, String> storedKeys() {
        Map<UUID, String> keys = new HashMap<>();
        database.query("select id, payload ->> 'name' from event")
                .forEach(row -> keys.put((UUID) row.getFirst(), (String) row.getLast()));
        return keys;
    }
}
