package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.ExistsException;
import dev.millrace.event.NotFoundException;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Progressions of users' own, in rows. */
@PostgresTest
class UserProgressionsTest {
    private final TestDatabase database;
    private Millrace millrace;
    private Executor<String> events;
    private UserProgressions progressions;

    UserProgressionsTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void connect() {
        database.truncateAll();
        millrace = Millrace.connect(database.newPool(8));
        events = millrace.executor("events", String.class)
                .handler((text, run) -> null)
                .build();
        progressions = events.progressions();
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    @Test
    @DisplayName("R-081 an event stays in users' progressions while its status moves")
    void append_thenProcess_staysAMember() throws InterruptedException {
        UUID first = events.append("a");
        UUID second = events.append("b");
        progressions.add("review");
        progressions.append("review", second, first);
        events.start();

        events.forward();

        assertThat(progressions.get("review").order()).containsExactly(second, first);
        assertThat(progressions.counts()).containsExactly(java.util.Map.entry("review", 2));
        assertThat(events.statusCounts().values()).containsExactly(0L, 0L, 2L, 0L, 0L, 0L, 0L);
    }

    @Test
    @DisplayName("R-092 of twenty who make the same progression in two JVMs' worth of pools, one succeeds")
    void add_sameNameByTwenty_oneWins() throws InterruptedException {
        try (Millrace other = Millrace.connect(database.newPool(8));
                ExecutorService threads = Executors.newFixedThreadPool(20)) {
            UserProgressions theirs =
                    other.executor("events", String.class).build().progressions();
            List<Callable<Boolean>> tries = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                UserProgressions mine = i % 2 == 0 ? progressions : theirs;
                tries.add(() -> {
                    mine.add("x");
                    return true;
                });
            }

            int won = 0;
            int refused = 0;
            for (Future<Boolean> outcome : threads.invokeAll(tries)) {
                try {
                    won += outcome.get() ? 1 : 0;
                } catch (ExecutionException e) {
                    assertThat(e.getCause())
                            .isInstanceOf(ExistsException.class)
                            .hasMessage("Progression with name 'x' already exists. Names must be unique.");
                    refused++;
                }
            }

            assertThat(won).isEqualTo(1);
            assertThat(refused).isEqualTo(19);
        }
    }

    @Test
    @DisplayName("R-093 an id that is no event of the flow is refused and nothing is added")
    void append_stranger_isRefused() {
        UUID known = events.append("a");
        progressions.add("x");

        assertThatThrownBy(() -> progressions.append("x", known, UUID.randomUUID()))
                .isInstanceOf(NotFoundException.class)
                .hasMessageContaining("Progression 'x' contains UUIDs not in items pile");

        assertThat(progressions.get("x").isEmpty()).isTrue();
    }

    @Test
    void update_move_isKept() {
        List<UUID> ids = events.appendAll(List.of("a", "b", "c", "d"));
        progressions.add("x");
        progressions.append("x", ids.toArray(UUID[]::new));

        UUID popped = progressions.update("x", progression -> {
            progression.move(0, 2);
            return progression.pop();
        });

        assertThat(popped).isEqualTo(ids.get(3));
        assertThat(progressions.get("x").order()).containsExactly(ids.get(1), ids.get(0), ids.get(2));
    }

    @Test
    void update_byManyAtOnce_losesNoMember() throws InterruptedException {
        List<UUID> ids = events.appendAll(java.util.Collections.nCopies(40, "e"));
        progressions.add("x");
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Callable<Boolean>> changes = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                UUID id = ids.get(i);
                boolean whole = i % 2 == 0;
                changes.add(() -> {
                    if (whole) {
                        progressions.update("x", progression -> progression.include(id));
                    } else {
                        progressions.append("x", id);
                    }
                    return true;
                });
            }

            threads.invokeAll(changes);
        }

        assertThat(progressions.get("x").order()).containsExactlyInAnyOrderElementsOf(ids);
    }

    @Test
    void update_renameToATakenName_isRefused() {
        progressions.add("x");
        progressions.add("y");

        assertThatThrownBy(() -> progressions.update("x", progression -> {
                    progression.rename("y");
                    return true;
                }))
                .isInstanceOf(ExistsException.class);

        assertThat(progressions.counts().keySet()).containsExactly("x", "y");
    }

    @Test
    void update_rename_answersToTheNewNameOnly() {
        progressions.add("x");

        progressions.update("x", progression -> {
            progression.rename("z");
            return true;
        });

        assertThat(progressions.get("z")).isNotNull();
        assertThatThrownBy(() -> progressions.get("x"))
                .isInstanceOf(NotFoundException.class)
                .hasMessage("Progression 'x' not found in flow");
    }

    @Test
    void remove_withMembers_leavesTheEvents() {
        UUID id = events.append("a");
        progressions.add("x");
        progressions.append("x", id);

        progressions.remove("x");

        assertThat(events.contains(id)).isTrue();
        assertThatThrownBy(() -> progressions.remove("x")).isInstanceOf(NotFoundException.class);
    }

    @Test
    void cleanup_ofAMember_takesItOutOfUsersProgressions() throws InterruptedException {
        UUID id = events.append("a");
        progressions.add("x");
        progressions.append("x", id);
        events.start();
        events.forward();

        assertThat(events.cleanupEvents()).isEqualTo(1);

        assertThat(progressions.get("x").order()).isEmpty();
    }

    @Test
    void add_statusName_isRefused() {
        assertThatThrownBy(() -> progressions.add("completed"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'completed' is a status's");
    }
}
