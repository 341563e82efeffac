package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Makes random flows, writes each as JSON text, reads it back and compares. */
class FlowRoundTripTest {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Random random = new Random();

    @RepeatedTest(100)
    @DisplayName("R-099 ids, times, names, order, duplicates, flags and notes survive, in events of every status")
    void anyFlow_writtenAndRead_isTheSame() {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("FlowRoundTripTest seed=" + seed + " (again with -Dmillrace.seed=" + seed + ")");
        random.setSeed(seed);
        Flow flow = flow();
        String text = Json.text(flow.toJson());

        Flow read = Flow.fromJson(Json.parse(text));

        assertSame(read, flow, "seed " + seed);
        assertThat(Json.text(read.toJson())).as("seed %d", seed).isEqualTo(text);
    }

    @Test
    @DisplayName("R-099 an empty flow survives")
    void emptyFlow_writtenAndRead_isTheSame() {
        Flow flow = new Flow(null);

        assertSame(Flow.fromJson(flow.toJson()), flow, "empty");
    }

    @Test
    @DisplayName("R-094 a flow that was read finds its progressions by name, and follows renames")
    void readFlow_itsNames_work() {
        Flow read = Flow.fromJson(Flow.ofStatuses("f", new Pile()).toJson());

        read.getProgression("failed").rename("broken");

        assertThat(read.getProgression("broken").name()).isEqualTo("broken");
        read.addItem(SampleEvents.event(), "pending", "broken");
        assertThat(read.counts()).containsEntry("broken", 1).containsEntry("pending", 1);
    }

    private static void assertSame(Flow read, Flow flow, String which) {
        assertThat(read.id()).as(which).isEqualTo(flow.id());
        assertThat(read.createdAt()).as(which).isEqualTo(flow.createdAt());
        assertThat(read.name()).as(which).isEqualTo(flow.name());
        assertThat(read.metadata()).as(which).isEqualTo(flow.metadata());
        assertThat(read.counts()).as(which).isEqualTo(flow.counts());
        assertThat(read).as(which).hasToString(flow.toString());
        Pile pile = read.items();
        assertThat(pile.id()).as(which).isEqualTo(flow.items().id());
        assertThat(pile.createdAt()).as(which).isEqualTo(flow.items().createdAt());
        assertThat(pile.metadata()).as(which).isEqualTo(flow.items().metadata());
        assertThat(pile.itemTypes())
                .as(which)
                .containsExactlyElementsOf(flow.items().itemTypes());
        assertThat(pile.strictType()).as(which).isEqualTo(flow.items().strictType());
        assertThat(pile).as(which).containsExactlyElementsOf(flow.items());
        for (Event<JsonNode> event : flow.items()) {
            Event<JsonNode> same = pile.get(event.id());
            assertThat(same.terms()).as(which).isEqualTo(event.terms());
            assertThat(same.payload()).as(which).isEqualTo(event.payload());
            assertThat(same.execution()).as(which).isEqualTo(event.execution());
        }
        assertThat(read.progressions()).as(which).containsExactlyElementsOf(flow.progressions());
        for (Progression progression : flow.progressions()) {
            Progression same = read.getProgression(progression.id());
            assertThat(same.name()).as(which).isEqualTo(progression.name());
            assertThat(same.createdAt()).as(which).isEqualTo(progression.createdAt());
            assertThat(same.metadata()).as(which).isEqualTo(progression.metadata());
            assertThat(same.order()).as(which).isEqualTo(progression.order());
        }
    }

    private Flow flow() {
        Set<String> types = random.nextBoolean() ? Set.of() : Set.of("mail", "api-call", "ä \"quoted\" type");
        Pile pile = new Pile(UUID.randomUUID(), instant(), notes(2), types, random.nextBoolean(), List.of());
        List<String> names = List.of("mail", "api-call", "ä \"quoted\" type");
        for (int i = random.nextInt(30); i > 0; i--) {
            pile.add(event(names.get(random.nextInt(names.size()))));
        }
        Flow flow = new Flow(UUID.randomUUID(), instant(), notes(2), name(), pile, List.of());
        for (int i = random.nextInt(9); i > 0; i--) {
            String name = random.nextInt(4) == 0 ? name() : "progression " + i;
            if (name == null || name.isEmpty() || flow.progressions().stream().noneMatch(p -> name.equals(p.name()))) {
                flow.addProgression(new Progression(UUID.randomUUID(), instant(), notes(2), name, order(pile)));
            }
        }
        return flow;
    }

    private Event<JsonNode> event(String type) {
        EventStatus status = EventStatus.ofCode(random.nextInt(EventStatus.all().size()));
        return new Event<>(UuidV7.next(), instant(), type, notes(3), notes(2), terms(), execution(status));
    }

    private Terms terms() {
        return new Terms(
                random.nextBoolean() ? null : random.nextGaussian(),
                random.nextBoolean() ? null : Duration.ofMillis(1 + random.nextInt(100_000)),
                random.nextBoolean() ? null : instant(),
                random.nextBoolean());
    }

    private Execution execution(EventStatus status) {
        if (status == EventStatus.PENDING) {
            return Execution.PRISTINE;
        }
        int attempt = 1 + random.nextInt(3);
        if (!status.isTerminal()) {
            return Execution.active(status, attempt, instant());
        }
        boolean completed = status == EventStatus.COMPLETED;
        return new Execution(
                status,
                attempt,
                instant(),
                instant(),
                Duration.ofNanos(random.nextInt(1_000_000_000)),
                completed ? (random.nextBoolean() ? NODES.nullNode() : notes(2)) : null,
                completed
                        ? NODES.nullNode()
                        : NODES.objectNode().put("error", "ValueError").put("message", "m"),
                !completed && random.nextBoolean());
    }

    private List<UUID> order(Pile pile) {
        List<UUID> order = new ArrayList<>();
        for (int i = pile.isEmpty() ? 0 : random.nextInt(40); i > 0; i--) {
            order.add(pile.get(random.nextInt(pile.size())).id());
        }
        return order;
    }

    private String name() {
        return switch (random.nextInt(6)) {
            case 0 -> null;
            case 1 -> "";
            case 2 -> UUID.randomUUID().toString();
            case 3 -> "items";
            case 4 -> "dérivé \u2603 \"'\\ \n\t" + random.nextInt();
            default -> "pending";
        };
    }

    private Instant instant() {
        return Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000) * 1_000L);
    }

    private ObjectNode notes(int depth) {
        ObjectNode notes = NODES.objectNode();
        for (int i = random.nextInt(4); i > 0; i--) {
            String key = "key \"" + i + "\" é";
            switch (random.nextInt(depth == 0 ? 5 : 7)) {
                case 0 -> notes.put(key, random.nextInt());
                case 1 -> notes.put(key, random.nextLong() | 1L << 40);
                case 2 -> notes.put(key, "text \u0001 \uD83D\uDE00 \"" + random.nextInt());
                case 3 -> notes.putNull(key);
                case 4 -> notes.put(key, random.nextBoolean());
                case 5 -> notes.set(key, notes(depth - 1));
                default -> notes.putArray(key).add(random.nextInt()).add(notes(depth - 1));
            }
        }
        return notes;
    }
}
