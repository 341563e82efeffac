package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@PostgresTest
class ExecutorTest {
    private final TestDatabase database;
    private Millrace millrace;

    ExecutorTest(TestDatabase database) {
        this.database = database;
    }

    record ApiCall(String endpoint) {}

    @BeforeEach
    void connect() {
        database.truncateAll();
        millrace = Millrace.connect(database.newPool(8));
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    @Test
    void forward_fiveEvents_runsThemAndSettlesThem() throws InterruptedException {
        List<String> ran = Collections.synchronizedList(new ArrayList<>());
        Executor<ApiCall> calls = millrace.executor("api", ApiCall.class)
                .handler((call, run) -> {
                    ran.add(call.endpoint());
                    return Map.of("status", 200);
                })
                .build();
        calls.start();
        UUID first = calls.append(new ApiCall("/users/1"));
        calls.appendAll(List.of(new ApiCall("/a"), new ApiCall("/b"), new ApiCall("/c"), new ApiCall("/d")));

        int started = calls.forward();

        assertThat(started).isEqualTo(5);
        assertThat(ran).hasSize(5);
        assertThat(calls.statusCounts())
                .containsEntry(EventStatus.COMPLETED, 5L)
                .containsEntry(EventStatus.PENDING, 0L);
        Event<ApiCall> event = calls.event(first).orElseThrow();
        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.execution().response()).hasToString("{\"status\":200}");
        assertThat(event.execution().attempt()).isEqualTo(1);
        assertThat(event.payload()).isEqualTo(new ApiCall("/users/1"));
    }

    @Test
    void execute_manyEvents_drainsThem() throws InterruptedException {
        Executor<ApiCall> calls = millrace.executor("api", ApiCall.class)
                .handler((call, run) -> null)
                .build();
        calls.appendAll(Collections.nCopies(20_000, new ApiCall("/x")));
        long begin = System.nanoTime();
        calls.execute();
        assertThat(calls.join(Duration.ofSeconds(60))).isTrue();
        System.out.printf("drained 20,000 in %.3f s%n", (System.nanoTime() - begin) / 1e9);
        assertThat(calls.statusCounts()).containsEntry(EventStatus.COMPLETED, 20_000L);
        assertThat(calls.summary())
                .isEqualTo(
                        "Executor(total=20000, pending=0, processing=0, completed=20000, failed=0, cancelled=0, skipped=0, aborted=0)");
    }

    @Test
    @DisplayName("R-074 append of an id that exists is refused and stores nothing")
    void append_sameIdTwice_isRefused() {
        Executor<ApiCall> calls = millrace.executor("api", ApiCall.class).build();
        UUID id = UUID.randomUUID();
        calls.append(new ApiCall("/x"), Append.defaults().withId(id));

        assertThatThrownBy(
                        () -> calls.append(new ApiCall("/y"), Append.defaults().withId(id)))
                .isInstanceOf(ExistsException.class)
                .hasMessageContaining("event " + id + " already exists");
        assertThat(calls.statusCounts()).containsEntry(EventStatus.PENDING, 1L);
    }

    @Test
    void append_inCallersTransactionThatRollsBack_neverWas() throws SQLException {
        Executor<ApiCall> calls = millrace.executor("api", ApiCall.class).build();
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            calls.append(connection, new ApiCall("/x"));
            connection.rollback();
            UUID kept = calls.append(connection, new ApiCall("/y"));
            connection.commit();

            assertThat(calls.pendingEvents()).extracting(Event::id).containsExactly(kept);
        }
    }
}
