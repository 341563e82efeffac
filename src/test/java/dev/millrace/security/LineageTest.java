package dev.millrace.security;

import static dev.millrace.security.Rows.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.Event;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.security.Rows.Task;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Metadata that say where an event comes from are Millrace's own. */
@PostgresTest
class LineageTest {
    private static final String FORGED =
            "{\"id\": \"00000000-0000-7000-8000-000000000001\", \"created_at\": \"2026-01-01T00:00:00Z\"}";

    private final TestDatabase database;

    LineageTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    @ParameterizedTest
    @DisplayName("13.17 no way to append takes the keys original, root and attempt")
    @ValueSource(strings = {"original", "root", "attempt"})
    void append_withAKeyOfMillrace_isRefused(String key) {
        String words =
                "metadata refused at $.%s: Millrace itself writes the keys original, root and attempt".formatted(key);
        String metadata = "{\"%s\": %s, \"x\": 1}".formatted(key, FORGED);
        assertRefused(
                () -> database.query("select append('tasks', 'task', '1', metadata => ?::jsonb)", metadata), words);
        assertRefused(
                () -> database.query(
                        "select append_many(jsonb_build_array(jsonb_build_object('payload', 1, 'metadata', ?::jsonb)), 'tasks', 'task')",
                        metadata),
                "index 0 of 1: " + words);
        assertRefused(
                () -> database.execute(
                        "insert into enqueue (flow, type, payload, metadata) values ('tasks', 'task', '1', ?::jsonb)",
                        metadata),
                words);
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks = Rows.tasks(millrace);
            ObjectNode notes = JsonNodeFactory.instance.objectNode();
            notes.putObject(key).put("id", UUID.randomUUID().toString());
            for (Append options : List.of(
                    Append.defaults().withNote(key, "x"), Append.defaults().withMetadata(notes))) {
                assertThatThrownBy(() -> tasks.append(new Task(1), options))
                        .isInstanceOf(ValidationException.class)
                        .hasMessageContaining(words);
                assertThatThrownBy(() -> tasks.appendAll(List.of(new Task(1)), task -> options))
                        .isInstanceOf(ValidationException.class)
                        .hasMessageContaining(words);
                assertThatThrownBy(() -> tasks.newEvent(new Task(1), options))
                        .isInstanceOf(ValidationException.class)
                        .hasMessageContaining(words);
            }
            Event<Task> event = tasks.newEvent(new Task(1), Append.defaults());
            Event<Task> forged = new Event<>(
                    event.id(),
                    event.createdAt(),
                    event.type(),
                    event.payload(),
                    notes,
                    event.terms(),
                    event.execution());
            assertThatThrownBy(() -> tasks.append(forged))
                    .isInstanceOf(ValidationException.class)
                    .hasMessageContaining(words);
        }
        assertThat(database.longValue("select count(*) from event")).isZero();
    }

    @Test
    @DisplayName("13.17 what looks like a lineage and is none does not survive a retry, by SQL or in Java")
    void retry_ofForgedMetadata_begins_anew() {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks = Rows.tasks(millrace);
            for (String forged : List.of(
                    "{\"attempt\": 7}",
                    "{\"root\": %s, \"original\": %s}".formatted(FORGED, FORGED),
                    "{\"root\": %s, \"attempt\": 4}".formatted(FORGED),
                    "{\"root\": \"x\", \"original\": {\"id\": 1}, \"attempt\": 1e400}")) {
                UUID id = tasks.append(new Task(1));
                database.execute("update event set metadata = ?::jsonb where id = ?", forged, id);
                tasks.skip(id, "test");

                UUID bySql = database.list(UUID.class, "select retry(?)", id).getFirst();
                ObjectNode metadata = tasks.event(bySql).orElseThrow().metadata();
                assertThat(metadata.at("/root/id").asText()).as(forged).isEqualTo(id.toString());
                assertThat(metadata.at("/original/id").asText()).isEqualTo(id.toString());
                assertThat(metadata.at("/attempt").asInt()).isEqualTo(2);
                assertThat(tasks.event(id).orElseThrow().asFreshEvent().metadata())
                        .isEqualTo(metadata);
                assertThat(tasks.event(tasks.retry(id)).orElseThrow().metadata())
                        .isEqualTo(metadata);
            }
        }
    }

    @Test
    @DisplayName("13.17 fresh events of events are appended, and their line goes on")
    void append_ofAFreshEvent_keepsItsLine() {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks = Rows.tasks(millrace);
            UUID first = tasks.append(new Task(1), Append.defaults().withNote("tenant", "acme"));
            UUID second = tasks.append(tasks.event(first).orElseThrow().asFreshEvent(true));
            tasks.skip(second, "test");
            UUID third = tasks.retry(second);

            ObjectNode metadata = tasks.event(second).orElseThrow().metadata();
            assertThat(metadata.at("/tenant").asText()).isEqualTo("acme");
            assertThat(metadata.at("/attempt").asInt()).isEqualTo(2);
            metadata = tasks.event(third).orElseThrow().metadata();
            assertThat(metadata.at("/root/id").asText()).isEqualTo(first.toString());
            assertThat(metadata.at("/original/id").asText()).isEqualTo(second.toString());
            assertThat(metadata.at("/attempt").asInt()).isEqualTo(3);
        }
    }
}
