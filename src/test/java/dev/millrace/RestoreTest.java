package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Execution;
import dev.millrace.event.Flow;
import dev.millrace.event.Json;
import dev.millrace.event.Pile;
import dev.millrace.event.Progression;
import dev.millrace.event.Terms;
import dev.millrace.event.UuidV7;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** A restored flow is the flow that it was: its snapshot equals what was restored, whoever takes it and when. */
class RestoreTest extends WithMillrace {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Random random = new Random();

    RestoreTest(TestDatabase database) {
        super(database);
    }

    private static String json(Flow flow) {
        return Json.text(flow.toJson());
    }

    private static Flow through(Flow flow) {
        return Flow.fromJson(Json.parse(json(flow)));
    }

    @Test
    @DisplayName(
            "12.25 the executor that restored takes the snapshot that it restored, as does one that is built later")
    void restore_itsOwnSnapshot_isTheOneRestored() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    if (task.name().equals("0")) {
                        throw new IllegalStateException("no luck");
                    }
                    return Map.of("done", task.name());
                })
                .build();
        List<UUID> ids = append(tasks, 3);
        tasks.start();
        tasks.forward();
        append(tasks, 3);
        tasks.append(new Task("urgent"), Append.priority(1).withMaxCrashes(9));
        tasks.append(new Task("late"), Append.priority(0.5).withDelay(Duration.ofHours(1)));
        tasks.reprioritize(tasks.append(new Task("first"), Append.priority(7)), 0.25);
        tasks.progressions().add("review");
        tasks.progressions().append("review", ids.get(1), ids.get(0), ids.get(1));
        Flow original = tasks.snapshot();
        assertThat(json(tasks.snapshot())).as("taken twice").isEqualTo(json(original));

        TestDatabase elsewhere = database.another();
        try (Millrace other = Millrace.connect(elsewhere.newPool(4))) {
            Executor<Task> copy = tasks(other).handler((task, run) -> null).build();
            append(copy, 0);

            copy.restore(through(original));

            assertThat(json(copy.snapshot())).as("by itself, at once").isEqualTo(json(original));
            assertThat(json(tasks(other).build().snapshot())).as("by a new one").isEqualTo(json(original));
            copy.start();
            copy.forward();
            copy.append(new Task("new"));
            Flow later = copy.snapshot();
            assertThat(later.id()).isEqualTo(original.id());
            assertThat(later.createdAt()).isEqualTo(original.createdAt());
            assertThat(later.progressions())
                    .extracting(Progression::id)
                    .containsExactlyElementsOf(original.progressions().stream()
                            .map(Progression::id)
                            .toList());
            assertThat(later.items().id()).isEqualTo(original.items().id());
            assertThat(later.counts()).containsEntry("completed", 8).containsEntry("pending", 1);
        }
    }

    @Test
    @DisplayName("12.25 progressions without a name are restored, each with its members")
    void restore_unnamedProgressions_areKept() {
        Event<JsonNode> event = pending(1.5);
        Flow flow = Flow.ofStatuses("tasks", pile(Set.of(), List.of(event)));
        flow.getProgression("pending").append(event.id());
        flow.addProgression(new Progression(null, List.of(event.id())));
        flow.addProgression(new Progression("", List.of()));
        flow.addProgression(new Progression(null, List.of(event.id(), event.id())));
        Executor<Task> copy = tasks().build();

        copy.restore(flow);

        assertThat(copy.snapshot().counts()).containsEntry("unnamed", 3).containsEntry("pending", 1);
        assertThat(copy.progressions().counts()).isEqualTo(Map.of("unnamed", 3));
    }

    @Test
    @DisplayName("12.25 what another flow or progression has as its id stays that one's")
    void restore_besideTheOriginal_takesNoIdentity() {
        Executor<Task> tasks = tasks().build();
        tasks.progressions().add("review");
        Flow original = tasks.snapshot();
        Executor<Task> copy = millrace().executor("copy", Task.class).build();

        copy.restore(original);

        assertThat(json(tasks.snapshot())).isEqualTo(json(original));
        assertThat(copy.snapshot().id()).isNotEqualTo(original.id());
        assertThat(copy.snapshot().getProgression("review").id())
                .isNotEqualTo(original.getProgression("review").id());
    }

    @RepeatedTest(20)
    @DisplayName(
            "12.25 any flow, restored: the same ids, times, notes, names and order, in the second generation as well")
    void anyFlow_restoredTwice_isTheSame() {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("RestoreTest seed=" + seed + " (again with -Dmillrace.seed=" + seed + ")");
        random.setSeed(seed);
        Flow flow = through(flow());

        Executor<Task> first = tasks().build();
        first.restore(flow);
        Flow once = first.snapshot();
        assertThat(json(once)).as("seed %d", seed).isEqualTo(json(flow));

        database.truncateAll();
        try (Millrace other = Millrace.connect(database.newPool(2))) {
            Executor<Task> second = tasks(other).build();
            second.restore(through(once));
            assertThat(json(second.snapshot())).as("seed %d", seed).isEqualTo(json(flow));
        }
    }

    /** As a snapshot is: the events of each status in its order, one after the other. */
    private Flow flow() {
        List<String> types = List.of("mail", "api-call", "ä \"quoted\" type");
        Map<EventStatus, List<Event<JsonNode>>> events = new EnumMap<>(EventStatus.class);
        List<Event<JsonNode>> all = new ArrayList<>();
        for (EventStatus status : EventStatus.all()) {
            for (int i = status == EventStatus.PROCESSING ? 0 : random.nextInt(12); i > 0; i--) {
                Event<JsonNode> event = event(types.get(random.nextInt(types.size())), status);
                events.computeIfAbsent(status, key -> new ArrayList<>()).add(event);
                all.add(event);
            }
        }
        Pile pile = pile(random.nextBoolean() ? Set.of() : new LinkedHashSet<>(types), all);
        Flow flow = new Flow(UUID.randomUUID(), instant(), notes(2), "tasks", pile, List.of());
        List<Progression> progressions = new ArrayList<>();
        for (EventStatus status : EventStatus.all()) {
            List<UUID> order = events.getOrDefault(status, List.of()).stream()
                    .map(Event::id)
                    .toList();
            progressions.add(new Progression(UUID.randomUUID(), instant(), notes(1), status.wireName(), order));
        }
        for (int i = random.nextInt(6); i > 0; i--) {
            String name = switch (random.nextInt(4)) {
                case 0 -> null;
                case 1 -> "";
                default -> "stage " + i;
            };
            progressions.add(new Progression(UUID.randomUUID(), instant(), notes(1), name, order(pile)));
        }
        if (random.nextBoolean()) {
            Collections.shuffle(progressions, random);
        }
        progressions.forEach(flow::addProgression);
        return flow;
    }

    private Pile pile(Set<String> types, List<Event<JsonNode>> events) {
        return new Pile(UUID.randomUUID(), instant(), notes(1), types, random.nextBoolean(), events);
    }

    private Event<JsonNode> pending(double priority) {
        return new Event<>(
                UuidV7.next(),
                instant(),
                "task",
                NODES.objectNode().put("name", "x"),
                NODES.objectNode(),
                Terms.DEFAULT.withPriority(priority),
                Execution.PRISTINE);
    }

    private Event<JsonNode> event(String type, EventStatus status) {
        Terms terms = new Terms(
                        random.nextInt(4) == 0 ? random.nextInt(5) : random.nextGaussian(),
                        random.nextBoolean() ? null : Duration.ofMillis(1 + random.nextInt(100_000)),
                        random.nextBoolean() ? null : instant(),
                        random.nextBoolean(),
                        null)
                .withMaxCrashes(random.nextBoolean() ? null : 1 + random.nextInt(100));
        return new Event<>(UuidV7.next(), instant(), type, notes(3), notes(2), terms, execution(status));
    }

    private Execution execution(EventStatus status) {
        if (status == EventStatus.PENDING) {
            return Execution.PRISTINE;
        }
        boolean completed = status == EventStatus.COMPLETED;
        return new Execution(
                status,
                1 + random.nextInt(3),
                random.nextBoolean() ? null : instant(),
                instant(),
                Duration.ofNanos(random.nextInt(1_000_000_000)),
                completed ? (random.nextBoolean() ? NODES.nullNode() : notes(2)) : null,
                completed ? NODES.nullNode() : NODES.objectNode().put("error", "ValueError"),
                random.nextBoolean() ? null : random.nextBoolean());
    }

    private List<UUID> order(Pile pile) {
        List<UUID> order = new ArrayList<>();
        for (int i = pile.isEmpty() ? 0 : random.nextInt(20); i > 0; i--) {
            order.add(pile.get(random.nextInt(pile.size())).id());
        }
        return order;
    }

    /** In the microseconds that the database keeps. */
    private Instant instant() {
        return Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000) * 1_000L);
    }

    private ObjectNode notes(int depth) {
        ObjectNode notes = NODES.objectNode();
        for (int i = random.nextInt(4); i > 0; i--) {
            String key = "k" + i; // jsonb sorts keys by length, then by bytes
            switch (random.nextInt(depth == 0 ? 3 : 4)) {
                case 0 -> notes.put(key, random.nextInt());
                case 1 -> notes.put(key, "text \u0001 \uD83D\uDE00 \"" + random.nextInt());
                case 2 -> notes.putNull(key);
                default -> notes.set(key, notes(depth - 1));
            }
        }
        return sorted(notes);
    }

    private static ObjectNode sorted(ObjectNode notes) {
        ObjectNode sorted = NODES.objectNode();
        notes.properties().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> sorted.set(entry.getKey(), entry.getValue()));
        return sorted;
    }
}
