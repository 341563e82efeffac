package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.AppendUnknownException;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.OnConflict;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.UniqueScope;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A Java client whose login holds nothing but the role millrace_append. */
@NotPooled("its clients log in as another role")
class AppendOnlyTest extends WithMillrace {
    private Login login;
    private HikariDataSource pool;
    private Millrace client;

    AppendOnlyTest(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void logIn() {
        login = new Login(database, "a pass:word");
        login.grant("millrace_append");
        HikariConfig settings = new HikariConfig();
        settings.setJdbcUrl(login.jdbcUrl());
        settings.setMaximumPoolSize(2);
        pool = new HikariDataSource(settings);
        client = Millrace.connect(pool);
    }

    @AfterEach
    void logOut() {
        client.close();
        pool.close();
        login.close();
    }

    private Executor<Task> appender() {
        return tasks(client).build();
    }

    private String only(String expression, UUID id) {
        return database.text("select (" + expression + ")::text from event where id = ?", id);
    }

    @Test
    @DisplayName("12.15 millrace_append is enough to connect, to build an executor and to append; the worker runs it")
    void append_always_isEnough() throws InterruptedException {
        Executor<Task> appender = appender();

        UUID id = appender.append(new Task("x"));
        List<UUID> more = appender.appendAll(List.of(new Task("a"), new Task("b")));
        Event<Task> made = appender.newEvent(new Task("made"), Append.priority(7));
        UUID own = appender.append(made);

        Executor<Task> worker = tasks().handler((task, run) -> task.name()).build();
        worker.execute();
        assertThat(worker.flow().id()).isEqualTo(appender.flow().id());
        assertThat(ended(worker, id).execution().response()).hasToString("\"x\"");
        assertThat(more)
                .hasSize(2)
                .allSatisfy(one -> assertThat(ended(worker, one).status()).isEqualTo(EventStatus.COMPLETED));
        assertThat(own).isEqualTo(made.id());
        assertThat(ended(worker, own).priority()).isEqualTo(7);
    }

    @Test
    @DisplayName("12.15 all options of an append are kept, exactly as a worker's are")
    void append_withOptions_keepsThemAll() {
        Instant deadline = Instant.parse("2999-01-01T00:00:00.123456Z");
        UUID chosen = UUID.randomUUID();
        Append all = Append.priority(0.1)
                .withId(chosen)
                .withTimeout(Duration.ofMillis(1_500))
                .withDeadline(deadline)
                .withRunAt(deadline.minusSeconds(60))
                .withNote("who", "me \u00e4")
                .streamed();
        String row =
                "jsonb_build_array(priority, timeout, deadline, streaming, metadata, payload, type, (select jsonb_build_array(run_at, lane)"
                        + " from scheduled s where s.id = event.id))";
        Executor<Task> worker = tasks().build();
        UUID expected = worker.append(new Task("x \"\u00e4"), all.withId(UUID.randomUUID()));

        UUID id = appender().append(new Task("x \"\u00e4"), all);
        UUID delayed = appender().append(new Task("later"), Append.delay(Duration.ofHours(1)));

        assertThat(id).isEqualTo(chosen);
        assertThat(only(row, id)).isEqualTo(only(row, expected));
        assertThat(database.longValue(
                        "select count(*) from scheduled where id = ? and run_at > now() + interval '59 min'", delayed))
                .isEqualTo(1);
    }

    @Test
    @DisplayName("12.15 unique keys work: the holder's id, another scope, replace, and a refusal that names it")
    void append_withUniqueKey_keepsIt() {
        Executor<Task> appender = appender();
        UUID first = appender.append(new Task("x"), Append.uniqueKey("k"));

        assertThat(appender.append(new Task("y"), Append.uniqueKey("k"))).isEqualTo(first);
        assertThat(tasks().build().append(new Task("z"), Append.uniqueKey("k"))).isEqualTo(first);
        UUID replaced = appender.append(new Task("y"), Append.uniqueKey("k").onConflict(OnConflict.REPLACE_PENDING));
        assertThat(replaced).isNotEqualTo(first);
        assertThatThrownBy(() ->
                        appender.append(new Task("y"), Append.uniqueKey("k").onConflict(OnConflict.FAIL)))
                .isInstanceOf(ExistsException.class)
                .hasMessageContaining("event " + replaced + " holds its unique key")
                .satisfies(
                        e -> assertThat(((ExistsException) e).details()).containsEntry("holder", replaced.toString()));
        UUID period = appender.append(new Task("p"), Append.uniqueKey("p", UniqueScope.within(Duration.ofHours(1))));
        assertThat(appender.appendAll(
                        List.of(new Task("1"), new Task("2")),
                        task -> Append.uniqueKey("p", UniqueScope.within(Duration.ofHours(1)))))
                .containsExactly(period, period);
    }

    @Test
    @DisplayName(
            "12.15 append in the caller's own transaction joins it, and a refusal leaves the transaction as it was")
    void append_withinATransaction_joinsIt() throws SQLException {
        Executor<Task> appender = appender();
        UUID kept;
        UUID lost;
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            connection.setReadOnly(false);
            connection.createStatement().execute("set transaction isolation level read committed, read write");
            lost = appender.append(connection, new Task("lost"));
            connection.rollback();
            connection.createStatement().execute("set transaction isolation level read committed, read write");
            kept = appender.append(connection, new Task("kept"), Append.uniqueKey("k"));
            assertThatThrownBy(() -> appender.append(
                            connection, new Task("no"), Append.uniqueKey("k").onConflict(OnConflict.FAIL)))
                    .isInstanceOf(ExistsException.class);
            assertThat(appender.appendAll(connection, List.of(new Task("1"), new Task("2"))))
                    .hasSize(2);
            connection.commit();
        }

        assertThat(database.longValue("select count(*) from event")).isEqualTo(3);
        assertThat(tasks().build().event(kept)).isPresent();
        assertThat(tasks().build().event(lost)).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> {
                    try (Connection connection = pool.getConnection()) {
                        appender.append(connection, new Task("x"));
                    }
                })
                .withMessageContaining("autocommit");
    }

    @Test
    @DisplayName("12.15 a bounded flow is kept to, and many events go in batches, all or none")
    void append_toABoundedFlow_isRefusedWhenFull() {
        tasks().maxQueueSize(3_000).build();
        Executor<Task> appender = appender();
        List<Task> many =
                IntStream.range(0, 2_500).mapToObj(i -> new Task("t" + i)).toList();

        assertThat(appender.appendAll(many)).hasSize(2_500).doesNotHaveDuplicates();
        assertThatThrownBy(() -> appender.appendAll(many))
                .isInstanceOf(QueueFullException.class)
                .satisfies(e -> assertThat(((QueueFullException) e).details()).containsEntry("max_size", 3_000L));
        assertThat(appender.appendAll(many.subList(0, 500).stream())).isEqualTo(500);
        assertThatThrownBy(() -> appender.append(new Task("x"))).isInstanceOf(QueueFullException.class);
        assertThat(database.longValue("select count(*) from event")).isEqualTo(3_000);
        assertThat(database.list(
                        String.class,
                        "select payload ->> 'name' from ready join event using (id) order by position limit 3"))
                .containsExactly("t0", "t1", "t2");
    }

    @Test
    @DisplayName("12.15 what is wrong with an event is said as to others: taken ids, refused data")
    void append_ofWhatIsRefused_saysSo() {
        Executor<Task> appender = appender();
        UUID id = appender.append(new Task("x"));

        assertThatThrownBy(
                        () -> appender.append(new Task("y"), Append.defaults().withId(id)))
                .isInstanceOf(ExistsException.class)
                .hasMessage("event %s already exists; nothing was stored. Append it under another id".formatted(id))
                .satisfies(e -> assertThat(((ExistsException) e).details()).containsEntry("id", id.toString()));
        assertThat(appender.append(new Task("after"))).isNotNull();
    }

    private static void assertRefused(String role, ThrowingCallable act) {
        assertThatThrownBy(act)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageStartingWith("this login may not do that: ")
                .hasMessageContaining(role);
    }

    @Test
    @DisplayName("12.15 everything else is refused at once, and the error says which role it needs")
    void anythingElse_always_isRefusedWithTheRole() {
        Executor<Task> appender = tasks(client).handler((task, run) -> null).build();
        UUID id = appender.append(new Task("x"));

        assertRefused("millrace_read", () -> appender.event(id));
        assertRefused("millrace_read", () -> appender.await(id, Duration.ofSeconds(1)));
        assertRefused("millrace_read", () -> appender.result(id));
        assertRefused("millrace_read", () -> appender.appendAndAwait(new Task("not appended"), Duration.ofSeconds(1)));
        assertRefused("millrace_read", () -> appender.follow(id));
        assertRefused("millrace_read", appender::statusCounts);
        assertRefused("millrace_read", () -> appender.attempts(id));
        assertRefused("millrace_read", () -> appender.chunks(id, 0, 1));
        assertRefused("millrace_read", () -> appender.progress(id));
        assertRefused("millrace_read", appender::snapshot);
        assertRefused("millrace_work", appender::execute);
        assertRefused("millrace_work", () -> appender.cancel(id, "no"));
        assertRefused("millrace_work", () -> appender.skip(id, "no"));
        assertRefused("millrace_work", () -> appender.retry(id));
        assertRefused("millrace_work", () -> appender.reprioritize(id, 1));
        assertRefused("millrace_work", appender::pause);
        assertRefused("millrace_work", appender::cleanupEvents);
        assertRefused("millrace_work", () -> tasks(client).maxQueueSize(5).build());
        assertThat(database.longValue("select count(*) from event")).isEqualTo(1);
        assertThat(database.longValue("select count(*) from ready")).isEqualTo(1);
    }

    @Test
    @DisplayName(
            "12.15 a login that may append and read can wait as well; one that may only read is told so when it appends")
    void append_andRead_canWait() throws InterruptedException {
        login.grant("millrace_read");
        try (Millrace both = Millrace.connect(pool)) {
            Executor<Task> appender = tasks(both).build();
            tasks().handler((task, run) -> task.name()).build().execute();

            assertThat(appender.appendAndAwait(new Task("x"), LONG).asText()).isEqualTo("x");
        }
        try (Login reader = new Login(database, "reads")) {
            reader.grant("millrace_read");
            try (Millrace reading = Millrace.connect(reader.jdbcUrl())) {
                Executor<Task> tasks = tasks(reading).build();
                assertThat(tasks.completedEvents()).hasSize(1);
                assertRefused("millrace_append", () -> tasks.append(new Task("x")));
            }
        }
    }

    @Test
    @DisplayName("12.15 an append whose commit is not answered is stored once, whether the commit came through or not")
    void append_whoseAnswerIsLost_isStoredOnce() {
        for (Moment moment : List.of(Moment.BEFORE, Moment.BEFORE_COMMIT, Moment.AFTER_COMMIT)) {
            FaultyDataSource faults = new FaultyDataSource(pool);
            try (Millrace faulty = Millrace.connect(faults)) {
                Executor<Task> appender = tasks(faulty).build();
                faults.set("append_by_function", moment, 1, Fault.cut());

                UUID id = appender.append(new Task(moment.name()), Append.uniqueKey(moment.name()));

                assertThat(faults.allStruck()).isTrue();
                assertThat(database.list(
                                UUID.class, "select id from event where payload ->> 'name' = ?", moment.name()))
                        .containsExactly(id);
            }
        }
        FaultyDataSource faults = new FaultyDataSource(pool);
        try (Millrace faulty =
                Millrace.builder().dataSource(faults).patience(Duration.ZERO).connect()) {
            Executor<Task> appender = tasks(faulty).build();
            faults.set("append_by_function", Moment.AFTER_COMMIT, 1, Fault.cut());

            assertThatThrownBy(() -> appender.append(new Task("unknown"))).isInstanceOf(AppendUnknownException.class);
        }
    }

    @Test
    @DisplayName(
            "12.15 maxQueueSize is refused before any statement, naming flow and remedy; a login that reads may repeat it")
    void maxQueueSize_byWhoMayOnlyAppend_saysWhatToDo() {
        tasks().maxQueueSize(5).build();

        assertThatThrownBy(() -> tasks(client).maxQueueSize(5).build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessage(
                        "this login may not do that: set maxQueueSize of flow 'tasks' to 5; leave maxQueueSize out where"
                                + " events are only appended: the limit of the flow holds for everybody. An executor of a login with"
                                + " millrace_work sets it");

        login.grant("millrace_read");
        try (Millrace both = Millrace.connect(pool)) {
            assertThat(tasks(both).maxQueueSize(5).build().append(new Task("x")))
                    .isNotNull();
            assertThatThrownBy(() -> tasks(both).maxQueueSize(6).build())
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("to 6");
        }
    }

    @Test
    @DisplayName(
            "12.15 a migration by a login that may not is refused naming the owner; where nothing is missing it is harmless")
    void migrate_byWhoMayOnlyAppend_saysWhoMay() {
        Millrace.migrate(pool);

        String last = database.text("select version from schema_history order by installed_rank desc limit 1");
        database.execute("update schema_history set version = '29.5' where version = ?", last);
        try {
            assertThatThrownBy(() -> Millrace.migrate(pool))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("was not migrated")
                    .hasMessageContaining("the login that owns the schema")
                    .hasMessageNotContaining("millrace_work");
        } finally {
            database.execute("update schema_history set version = ? where version = '29.5'", last);
        }
    }
}
