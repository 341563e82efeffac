package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.OnConflict;
import dev.millrace.event.UniqueScope;
import dev.millrace.event.UniqueScope.End;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.store.Claim;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A key has one holder for as long as its scope says, whichever way events are appended. */
class UniqueKeyTest extends WithUniqueKeys {
    private static final List<UniqueScope> SCOPES = List.of(
            UniqueScope.whilePending(), UniqueScope.untilSettled(), UniqueScope.within(HOUR), UniqueScope.forever());

    UniqueKeyTest(TestDatabase database) {
        super(database);
    }

    static Stream<Arguments> scopesAndConflicts() {
        return SCOPES.stream()
                .flatMap(scope -> Stream.of(OnConflict.values()).map(conflict -> Arguments.of(scope, conflict)));
    }

    @ParameterizedTest
    @MethodSource("scopesAndConflicts")
    void append_byEveryWayOfAKeyThatIsTaken_doesWhatScopeAndConflictSay(UniqueScope scope, OnConflict conflict)
            throws SQLException {
        for (Way way : Way.values()) {
            Append options = unique("key of " + way, scope, conflict);
            UUID pending = append(way, new Task("1"), options);
            UUID second = appendAgain(way, options, pending, true, EventStatus.PENDING);
            Claim claim = claim(second);
            UUID third = appendAgain(way, options, second, scope.end() != End.CLAIM, EventStatus.PROCESSING);
            complete(claim);
            if (!third.equals(second)) {
                complete(claim(third));
            }
            boolean outlives = scope.end() == End.PERIOD || scope.end() == End.NEVER;
            appendAgain(way, options, third, outlives, EventStatus.COMPLETED);
        }

        long counted = tasks.statusCounts().values().stream()
                .mapToLong(Long::longValue)
                .sum();
        assertThat(counted).as("counts of what is stored").isEqualTo(stored());
    }

    /** Appends once more, and says who has the key then. */
    private UUID appendAgain(Way way, Append options, UUID holder, boolean held, EventStatus status)
            throws SQLException {
        long before = stored();
        OnConflict conflict = options.terms().unique().onConflict();
        boolean replaced = held && conflict == OnConflict.REPLACE_PENDING && status == EventStatus.PENDING;
        if (held && conflict == OnConflict.FAIL) {
            assertThatThrownBy(() -> append(way, new Task("again"), options))
                    .isInstanceOf(ExistsException.class)
                    .hasMessageContaining(holder.toString());
            assertThat(stored()).isEqualTo(before);
            assertThat(holder(key(options))).isEqualTo(holder);
            return holder;
        }
        UUID answer = append(way, new Task("again"), options);

        assertThat(answer.equals(holder)).as("answered with the holder").isEqualTo(held && !replaced);
        assertThat(holder(key(options))).isEqualTo(answer);
        assertThat(stored()).isEqualTo(before + (held && !replaced ? 0 : 1));
        assertThat(status(holder)).isEqualTo(replaced ? EventStatus.SKIPPED : status);
        if (replaced) {
            assertThat(errorMessage(event(tasks, holder))).isEqualTo("replaced by " + answer);
            assertThat(status(answer)).isEqualTo(EventStatus.PENDING);
        }
        return answer;
    }

    @Test
    void uniqueKey_byDefault_holdsUntilSettledAndAnswersWithTheHolder() {
        UUID first = tasks.append(new Task("1"), Append.uniqueKey("k"));
        Claim claim = claim(first);
        assertThat(tasks.append(new Task("2"), Append.uniqueKey("k"))).isEqualTo(first);

        complete(claim);
        assertThat(tasks.append(new Task("3"), Append.uniqueKey("k"))).isNotEqualTo(first);
    }

    @Test
    void uniqueKey_inAnotherFlow_isAnother() {
        UUID here = tasks.append(new Task("1"), Append.uniqueKey("k"));
        Executor<Task> elsewhere = millrace().executor("elsewhere", Task.class).build();

        assertThat(elsewhere.append(new Task("2"), Append.uniqueKey("k"))).isNotEqualTo(here);
        assertThat(tasks.append(new Task("3"), Append.uniqueKey("K"))).isNotEqualTo(here);
    }

    @Test
    void uniqueKey_ofAScheduledEvent_isHeld() {
        Append later = Append.uniqueKey("k", UniqueScope.whilePending())
                .withRunAt(Instant.now().plus(HOUR));
        UUID first = tasks.append(new Task("1"), later);

        assertThat(tasks.append(new Task("2"), later)).isEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whilePending_ofAnEventThatGoesBack_isItsAgainUnlessTaken(boolean delayed) {
        Append options = Append.uniqueKey("k", UniqueScope.whilePending());
        Duration delay = delayed ? HOUR : Duration.ZERO;
        UUID first = tasks.append(new Task("1"), options);
        giveBack(claim(first), delay);
        assertThat(tasks.append(new Task("2"), options)).as("nobody took it").isEqualTo(first);

        Claim again = claim(first);
        UUID second = tasks.append(new Task("3"), options);
        giveBack(again, delay);
        assertThat(second).isNotEqualTo(first);
        assertThat(tasks.append(new Task("4"), options)).as("it was taken").isEqualTo(second);
        complete(claim(second));
        assertThat(tasks.append(new Task("5"), options))
                .as("what has lost its key never gets it back")
                .isNotIn(first, second);
    }

    @Test
    void untilSettled_ofAnEventThatGoesBack_isHeldAllTheTime() {
        UUID first = tasks.append(new Task("1"), Append.uniqueKey("k"));
        Claim claim = claim(first);
        assertThat(tasks.append(new Task("2"), Append.uniqueKey("k"))).isEqualTo(first);
        giveBack(claim, HOUR);

        assertThat(tasks.append(new Task("3"), Append.uniqueKey("k"))).isEqualTo(first);
    }

    @Test
    void untilSettled_ofACancelledOrSkippedEvent_isFreeAtOnce() {
        UUID first = tasks.append(new Task("1"), Append.uniqueKey("k"));
        assertThat(tasks.cancel(first, "not needed")).isTrue();
        UUID second = tasks.append(new Task("2"), Append.uniqueKey("k"));
        assertThat(tasks.skip(second, "not needed")).isTrue();
        UUID third = tasks.append(new Task("3"), Append.uniqueKey("k"));

        assertThat(List.of(first, second, third)).doesNotHaveDuplicates();
    }

    @Test
    void within_onceThePeriodIsOver_isFree() {
        Append options = Append.uniqueKey("k", UniqueScope.within(HOUR));
        UUID first = tasks.append(new Task("1"), options);
        assertThat(database.longValue("select count(*) from unique_key join event on id = event"
                        + " where expires_at = created_at + interval '1 hour'"))
                .isEqualTo(1);
        database.execute("update unique_key set expires_at = clock_timestamp()");

        assertThat(tasks.append(new Task("2"), options)).isNotEqualTo(first);
    }

    @Test
    void replace_ofAPendingEvent_takesItsPlace() {
        Append low = Append.priority(5);
        tasks.append(new Task("before"), low);
        tasks.append(new Task("old"), low.withUniqueKey("k"));
        tasks.append(new Task("after"), low);
        tasks.append(new Task("new"), Append.uniqueKey("k").onConflict(OnConflict.REPLACE_PENDING));

        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("before", "new", "after");
        UUID urgent = tasks.append(
                new Task("newer"), Append.priority(1).withUniqueKey("k").onConflict(OnConflict.REPLACE_PENDING));
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("newer", "before", "after");
        assertThat(event(tasks, urgent).priority()).isEqualTo(1.0);
        assertThat(names(tasks, EventStatus.SKIPPED)).containsExactly("old", "new");
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 3L, EventStatus.SKIPPED, 2L));
    }

    @Test
    void replace_ofAScheduledEvent_isDueWhenThatWasUnlessItSaysWhen() {
        Append replacing = Append.uniqueKey("k").onConflict(OnConflict.REPLACE_PENDING);
        tasks.append(new Task("1"), replacing.withRunAt(Instant.parse("2100-01-01T00:00:00Z")));
        tasks.append(new Task("2"), replacing);
        assertThat(database.list(String.class, "select (run_at at time zone 'utc')::text from scheduled"))
                .containsExactly("2100-01-01 00:00:00");

        tasks.append(new Task("3"), replacing.withRunAt(Instant.parse("2101-01-01T00:00:00Z")));
        assertThat(database.list(String.class, "select (run_at at time zone 'utc')::text from scheduled"))
                .containsExactly("2101-01-01 00:00:00");
        tasks.append(new Task("4"), replacing.withRunAt(Instant.parse("2001-01-01T00:00:00Z")));
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("4");
        assertThat(database.longValue("select count(*) from ready")).isEqualTo(1);
    }

    @Test
    void append_underTheIdOfTheHolder_isTheSameOrRefused() {
        UUID id = UUID.randomUUID();
        Append options = Append.uniqueKey("k").withId(id);
        tasks.append(new Task("1"), options);

        assertThat(tasks.append(new Task("1"), options)).isEqualTo(id);
        assertThatThrownBy(() -> tasks.append(new Task("2"), options.onConflict(OnConflict.REPLACE_PENDING)))
                .isInstanceOf(ExistsException.class)
                .hasMessageContaining(id.toString());
        assertThatThrownBy(() ->
                        tasks.append(new Task("2"), Append.uniqueKey("other").withId(id)))
                .isInstanceOf(ExistsException.class)
                .hasMessageContaining(id.toString());
        assertThat(stored()).isEqualTo(1);
        assertThat(database.list(String.class, "select key from unique_key")).containsExactly("k");
    }

    @Test
    void cleanUp_ofEventsThatHeldKeys_keepsOnlyThoseThatAreHeld() throws SQLException {
        for (UniqueScope scope : SCOPES) {
            complete(claim(append(Way.SINGLE, new Task("1"), Append.uniqueKey(scope.end() + " key", scope))));
        }
        UUID period = holder("PERIOD key");
        assertThat(tasks.cleanupEvents()).isEqualTo(4);
        assertThat(database.list(String.class, "select key from unique_key order by key"))
                .containsExactly("NEVER key", "PERIOD key");
        assertThat(tasks.append(new Task("2"), Append.uniqueKey("PERIOD key"))).isEqualTo(period);

        database.execute("update unique_key set expires_at = clock_timestamp() where scope = 2");
        assertThat(tasks.cleanupEvents()).isZero();
        assertThat(database.list(String.class, "select key from unique_key")).containsExactly("NEVER key");
    }

    @Test
    void retryAndRestore_ofEventsWithKeys_carryNone() {
        UUID first = tasks.append(new Task("1"), Append.uniqueKey("k", UniqueScope.forever()));
        complete(claim(first));
        UUID fresh = tasks.retry(first);
        assertThat(holder("k")).isEqualTo(first);

        TestDatabase other = database.another();
        try (Millrace there = Millrace.connect(other.newPool(2))) {
            Executor<Task> restored = tasks(there).build();
            restored.restore(tasks.snapshot());
            assertThat(restored.event(fresh)).isPresent();
            assertThat(other.longValue("select count(*) from unique_key")).isZero();
        }
    }

    @Test
    void key_outOfBounds_isRefusedSayingWhy() {
        assertThatThrownBy(() -> Append.uniqueKey(""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("unique key must not be empty");
        assertThatThrownBy(() -> Append.uniqueKey("x".repeat(201)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at most 200 characters, got 201");
        for (String bad : List.of("a\nb", "\0", "\u0085", "\u007f", "\ud800", "a\udc00")) {
            assertThatThrownBy(() -> Append.uniqueKey(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("control characters");
        }
        assertThatThrownBy(() -> UniqueScope.within(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("between 0.001s and 3650 days, got 0.0s");
        assertThatThrownBy(() -> UniqueScope.within(Duration.ofDays(3651)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Append.defaults().onConflict(OnConflict.FAIL))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("give one first");
    }

    @Test
    void key_atTheBounds_isKeptCharacterByCharacter() {
        for (String key :
                List.of("x", "\uD83D\uDE00".repeat(200), " a ", "é", "e\u0301", "'; drop table event; --", "%")) {
            UUID id = tasks.append(new Task("1"), Append.uniqueKey(key));
            assertThat(tasks.append(new Task("2"), Append.uniqueKey(key))).isEqualTo(id);
        }
        assertThat(stored()).isEqualTo(7);
    }
}
