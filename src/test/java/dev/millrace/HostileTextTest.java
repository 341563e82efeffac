package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.Fingerprint;
import dev.millrace.postgres.HostileTexts;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every hostile text comes back as it went in or is refused by type, wherever a text can stand; the catalog stays as it was. */
@PostgresTest
class HostileTextTest {
    private final TestDatabase database;
    private final List<String> texts = HostileTexts.all();
    private Millrace millrace;
    private List<String> catalog;

    HostileTextTest(TestDatabase database) {
        this.database = database;
    }

    record Note(String text, Map<String, String> map) {}

    /** A text by its UTF-16 units: what cannot be appended travels so. */
    record Order(String how, List<Integer> units) {
        String text() {
            StringBuilder text = new StringBuilder();
            units.forEach(unit -> text.append((char) unit.intValue()));
            return text.toString();
        }
    }

    @BeforeEach
    void connect() {
        database.truncateAll();
        millrace = Millrace.connect(database.newPool(8));
        catalog = Fingerprint.of(database).catalog();
    }

    @AfterEach
    void close() {
        millrace.close();
        assertThat(Fingerprint.of(database).catalog()).isEqualTo(catalog);
    }

    @Test
    void corpus_ofTexts_isLargeAndHoldsBothKinds() {
        System.out.println("seed of the random hostile texts: " + HostileTexts.SEED);
        assertThat(texts).hasSizeGreaterThanOrEqualTo(300).anyMatch(HostileTexts::isStorable);
        assertThat(texts.stream().filter(text -> !HostileTexts.isStorable(text)).count())
                .isGreaterThan(10);
    }

    @Test
    void executor_hostileFlowName_isKeptOrRefused() {
        List<String> kept = new ArrayList<>();
        for (String text : texts) {
            try {
                Executor<Note> executor = millrace.executor(text, Note.class).build();
                assertThat(executor.name()).isEqualTo(text);
                kept.add(text);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage())
                        .startsWith("flow name must ")
                        .doesNotContain("\u0000", "\n", "\u001B", "\u202E");
            }
        }

        assertThat(database.list(String.class, "select name from flow order by id"))
                .isEqualTo(kept);
        assertThat(kept).hasSizeGreaterThan(250).allMatch(HostileTexts::isStorable);
        assertThat(database.longValue("select count(*) from flow where name ~ '[[:cntrl:]]'"))
                .isZero();
    }

    @Test
    void register_hostileTypeName_isKeptOrRefused() {
        Map<UUID, String> kept = new LinkedHashMap<>();
        Executor<Note> reader = millrace.executor("types", Note.class).build();
        for (String text : texts) {
            try {
                Executor<Note> executor = millrace.executor("types", Note.class)
                        .register(text, Note.class)
                        .build();
                kept.put(executor.append(new Note("x", Map.of())), text);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).startsWith("event type name must ");
            }
        }

        Map<UUID, String> read = new LinkedHashMap<>();
        reader.json().all(EventStatus.PENDING).forEach(event -> read.put(event.id(), event.type()));
        assertThat(read).isEqualTo(kept);
        assertThat(kept).hasSizeGreaterThan(250);
    }

    @Test
    void append_hostileKeysAndValues_comeBackAsTheyWereOrAreRefused() throws SQLException {
        Executor<Note> notes = millrace.executor("notes", Note.class).build();
        Map<UUID, String> kept = new LinkedHashMap<>();
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            for (String text : texts) {
                try {
                    Append options = Append.defaults().withNote(text, text).withNote("note", text);
                    kept.put(notes.append(connection, new Note(text, Map.of(text, text)), options), text);
                } catch (ValidationException e) {
                    boolean isNote = HostileTexts.isNote(text);
                    assertThat(e.details().get("reason"))
                            .isIn(isNote ? List.of("nul", "surrogate") : List.of("reserved"));
                    assertThat(e.getMessage())
                            .startsWith(
                                    isNote ? "payload refused at $.text: " : "metadata refused at $." + text + ": ");
                }
            }
            connection.commit();
        }

        assertThat(kept.values())
                .containsExactlyElementsOf(texts.stream()
                        .filter(HostileTexts::isStorable)
                        .filter(HostileTexts::isNote)
                        .toList());
        for (Event<Note> event : notes.pendingEvents()) {
            String text = kept.remove(event.id());
            assertThat(event.payload()).isEqualTo(new Note(text, Map.of(text, text)));
            assertThat(event.metadata().get(text).textValue()).isEqualTo(text);
            assertThat(event.metadata().get("note").textValue()).isEqualTo(text);
        }
        assertThat(kept).isEmpty();
    }

    @Test
    void append_hostileMetadataKeyAlone_isRefusedAtTheKey() {
        Executor<Note> notes = millrace.executor("notes", Note.class).build();
        for (String text : texts) {
            if (!HostileTexts.isStorable(text)) {
                assertThatExceptionOfType(ValidationException.class)
                        .as(HostileTexts.shown(text))
                        .isThrownBy(() -> notes.append(
                                new Note("x", Map.of()), Append.defaults().withNote(text, "x")))
                        .withMessageStartingWith("metadata refused at $['");
            }
        }
        assertThat(Fingerprint.of(database).holdsNoEvent()).isTrue();
    }

    @Test
    void handler_hostileResponseErrorAndChunk_areKeptWithWhatCannotBeStoredReplaced() throws InterruptedException {
        Executor<Order> orders = millrace.executor("orders", Order.class)
                .handler((order, run) -> switch (order.how()) {
                    case "return" -> Map.of(order.text(), List.of(order.text()));
                    case "emit" -> run.emit(order.text());
                    default -> throw new IllegalStateException(order.text());
                })
                .build();
        Map<UUID, String> returned = appendAll(orders, "return");
        Map<UUID, String> emitted = appendAll(orders, "emit");
        Map<UUID, String> thrown = appendAll(orders, "throw");

        orders.execute();
        assertThat(orders.join(Duration.ofSeconds(60))).isTrue();

        for (Event<Order> event : orders.completedEvents()) {
            JsonNode response = event.execution().response();
            if (returned.containsKey(event.id())) {
                String text = HostileTexts.storable(returned.remove(event.id()));
                assertThat(response.get(text).get(0).textValue()).isEqualTo(text);
            } else {
                assertThat(orders.chunks(event.id(), 0, 10))
                        .extracting(JsonNode::textValue)
                        .containsExactly(HostileTexts.storable(emitted.remove(event.id())));
            }
        }
        for (Event<Order> event : orders.failedEvents()) {
            assertThat(event.execution().error().get("message").textValue())
                    .isEqualTo(HostileTexts.storable(thrown.remove(event.id())));
        }
        assertThat(returned).isEmpty();
        assertThat(emitted).isEmpty();
        assertThat(thrown).isEmpty();
    }

    private Map<UUID, String> appendAll(Executor<Order> orders, String how) {
        List<UUID> ids = orders.appendAll(texts.stream()
                .map(text -> new Order(how, text.chars().boxed().toList()))
                .toList());
        Map<UUID, String> byId = new LinkedHashMap<>();
        for (int i = 0; i < ids.size(); i++) {
            byId.put(ids.get(i), texts.get(i));
        }
        return byId;
    }

    @Test
    void cancel_hostileReason_isKeptWithWhatCannotBeStoredReplaced() {
        Executor<Note> notes = millrace.executor("notes", Note.class).build();
        List<UUID> ids = notes.appendAll(
                texts.stream().map(text -> new Note("x", Map.of())).toList());
        for (int i = 0; i < texts.size(); i++) {
            assertThat(notes.cancel(ids.get(i), texts.get(i))).isTrue();
        }

        List<String> reasons = new ArrayList<>();
        notes.events(EventStatus.CANCELLED)
                .forEach(event ->
                        reasons.add(event.execution().error().get("message").textValue()));
        assertThat(reasons).isEqualTo(texts.stream().map(HostileTexts::storable).toList());
    }

    @Test
    void query_hostileText_isRefusedOrFindsNothing() {
        Executor<Note> notes = millrace.executor("notes", Note.class).build();
        for (String text : texts) {
            assertThat(notes.contains(text)).as(HostileTexts.shown(text)).isFalse();
            assertThatIllegalArgumentException()
                    .as(HostileTexts.shown(text))
                    .isThrownBy(() -> notes.events(EventStatus.COMPLETED, text, 10));
            if (!text.equals("pending")) {
                assertThatExceptionOfType(NotFoundException.class)
                        .as(HostileTexts.shown(text))
                        .isThrownBy(() -> notes.events(text));
            }
            if (!text.matches("[a-z_][a-z0-9_]{0,62}") || text.startsWith("pg_") || text.equals("information_schema")) {
                assertThatIllegalArgumentException()
                        .as(HostileTexts.shown(text))
                        .isThrownBy(() -> Millrace.builder().schema(text))
                        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\u0000", "\n", "\u001B", "\u202E"));
            }
        }
    }
}
