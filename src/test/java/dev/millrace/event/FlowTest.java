package dev.millrace.event;

import static dev.millrace.event.SampleEvents.event;
import static dev.millrace.event.SampleEvents.events;
import static dev.millrace.event.SampleEvents.pileOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class FlowTest {
    private final List<Event<JsonNode>> three = events(3);
    private final UUID first = three.get(0).id();
    private final UUID second = three.get(1).id();
    private final UUID ghost = UuidV7.next();
    private final Flow flow = new Flow("x", pileOf(three), List.of());

    @Test
    @DisplayName("R-073 ofStatuses makes the seven progressions in the order of the statuses")
    void ofStatuses_newFlow_hasTheSeven() {
        Flow states = Flow.ofStatuses("executor_states", new Pile(Set.of("api-call"), true));

        assertThat(states.progressions())
                .extracting(Progression::name)
                .containsExactly("pending", "processing", "completed", "failed", "cancelled", "skipped", "aborted");
        assertThat(states.counts().values()).containsOnly(0);
        assertThat(states.items().strictType()).isTrue();
        assertThat(states).hasToString("Flow(items=0, progressions=7, name='executor_states')");
    }

    @Test
    @DisplayName("R-091 a flow uses the pile and the progressions it is given, and finds them by name")
    void constructor_givenParts_usesThem() {
        Pile pile = pileOf(three);
        Progression stage = new Progression("stage", List.of(first));

        Flow made = new Flow("made", pile, List.of(stage));

        assertThat(made.items()).isSameAs(pile);
        assertThat(made.getProgression("stage")).isSameAs(stage);
        assertThat(made.name()).isEqualTo("made");
    }

    @Test
    @DisplayName("R-091 a flow keeps its id, time and notes; it is equal by id alone")
    void constructor_givenIdentity_keepsIt() {
        Flow restored = new Flow(
                ghost, Instant.EPOCH, JsonNodeFactory.instance.objectNode().put("k", 1), null, new Pile(), List.of());

        assertThat(restored.id()).isEqualTo(ghost);
        assertThat(restored.createdAt()).isEqualTo(Instant.EPOCH);
        assertThat(restored.metadata().get("k").intValue()).isEqualTo(1);
        assertThat(restored.name()).isNull();
        assertThat(restored)
                .isEqualTo(new Flow(
                        ghost, Instant.now(), JsonNodeFactory.instance.objectNode(), "y", pileOf(three), List.of()))
                .isNotEqualTo(flow);
    }

    @Test
    @DisplayName("R-092 a taken name is refused, and nothing is added")
    void addProgression_nameTaken_isRefused() {
        flow.addProgression(new Progression("stage"));

        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> flow.addProgression(new Progression("stage")))
                .withMessage("Progression with name 'stage' already exists. Names must be unique.");
        assertThat(flow.progressions()).hasSize(1);
    }

    @Test
    @DisplayName("R-092 ids that are not in the flow are refused, all named, and nothing is added")
    void addProgression_ghosts_areRefused() {
        UUID other = UuidV7.next();

        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.addProgression(new Progression("stage", List.of(ghost, first, other, ghost))))
                .withMessage("Progression 'stage' contains UUIDs not in items pile: {" + ghost + ", " + other + "}");
        assertThat(flow.progressions()).isEmpty();
        flow.addProgression(new Progression("stage"));
    }

    @Test
    @DisplayName("R-092 a progression without a name is called by its id when refused, and many ghosts are counted")
    void addProgression_manyGhosts_areCounted() {
        List<UUID> ghosts = new ArrayList<>();
        for (int i = 0; i < 13; i++) {
            ghosts.add(new UUID(7, i));
        }
        Progression nameless = new Progression(null, ghosts);

        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.addProgression(nameless))
                .withMessageStartingWith("Progression '" + nameless.id() + "' contains UUIDs not in items pile: {")
                .withMessageEndingWith(new UUID(7, 9) + ", and 3 more}");
    }

    @Test
    @DisplayName("R-092 a taken id is refused, whatever the name")
    void addProgression_idTaken_isRefused() {
        Progression nameless = new Progression(null);
        Progression same =
                new Progression(nameless.id(), Instant.EPOCH, JsonNodeFactory.instance.objectNode(), "n", List.of());
        flow.addProgression(nameless);

        for (Progression again : List.of(nameless, same)) {
            assertThatExceptionOfType(ExistsException.class)
                    .isThrownBy(() -> flow.addProgression(again))
                    .withMessage("Item " + nameless.id() + " already exists in pile");
        }
        flow.addProgression(new Progression("n"));
    }

    @Test
    @DisplayName("R-092 progressions without a name, or with an empty one, are exempt")
    void addProgression_noName_isExempt() {
        for (String none : new String[] {null, null, "", ""}) {
            flow.addProgression(new Progression(none));
        }

        assertThat(flow.progressions()).hasSize(4);
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> flow.getProgression(""));
    }

    @Test
    @DisplayName("R-093 the constructor refuses ghosts and duplicate names too")
    void constructor_badProgressions_areRefused() {
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> new Flow("f", new Pile(), List.of(new Progression("p", List.of(ghost)))))
                .withMessage("Progression 'p' contains UUIDs not in items pile: {" + ghost + "}");
        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> new Flow("f", new Pile(), List.of(new Progression("p"), new Progression("p"))))
                .withMessage("Progression with name 'p' already exists. Names must be unique.");
    }

    @Test
    @DisplayName("R-093 an id appended to a progression later is not checked")
    void append_ghostLater_isNotChecked() {
        Progression stage = new Progression("stage");
        flow.addProgression(stage);

        stage.append(ghost);

        assertThat(flow.counts()).containsOnly(entry("stage", 1));
    }

    @Test
    @DisplayName("R-093 a renamed progression is found by its new name only, and its old name is free")
    void rename_progressionInFlow_keepsTheIndexRight() {
        Progression stage = new Progression("stage");
        flow.addProgression(stage);

        stage.rename("phase");

        assertThat(flow.getProgression("phase")).isSameAs(stage);
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> flow.getProgression("stage"));
        flow.addProgression(new Progression("stage"));
        assertThat(flow.counts().keySet()).containsExactly("phase", "stage");
        stage.rename(null);
        flow.addProgression(new Progression("phase"));
        stage.rename("third");
        assertThat(flow.removeProgression("third")).isSameAs(stage);
    }

    @Test
    @DisplayName("R-093 a rename to a taken name is refused in every flow, and changes none")
    void rename_nameTaken_isRefused() {
        Progression shared = new Progression("shared");
        Flow other = new Flow("other");
        flow.addProgression(shared);
        other.addProgression(shared);
        other.addProgression(new Progression("taken"));

        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> shared.rename("taken"))
                .withMessage("Progression with name 'taken' already exists. Names must be unique.");
        assertThat(shared.name()).isEqualTo("shared");
        assertThat(flow.getProgression("shared")).isSameAs(shared);
        assertThat(other.getProgression("shared")).isSameAs(shared);
        shared.rename("shared");
        shared.rename("free");
        assertThat(flow.getProgression("free")).isSameAs(other.getProgression("free"));
    }

    @Test
    @DisplayName("R-093 a progression that left the flow is renamed without it")
    void rename_afterRemoval_leavesTheFlowAlone() {
        Progression stage = new Progression("stage");
        flow.addProgression(stage);
        flow.addProgression(new Progression("taken"));
        flow.removeProgression(stage);

        stage.rename("taken");

        assertThat(flow.getProgression("taken")).isNotSameAs(stage);
        flow.clear();
        assertThat(flow.progressions()).isEmpty();
    }

    @Test
    @DisplayName("R-094 a progression is found by name, UUID, UUID text and instance")
    void getProgression_eachKey_finds() {
        Progression stage = new Progression("stage", List.of(first));
        flow.addProgression(stage);

        assertThat(flow.getProgression("stage")).isSameAs(stage);
        assertThat(flow.getProgression(stage.id())).isSameAs(stage);
        assertThat(flow.getProgression(stage.id().toString())).isSameAs(stage);
        assertThat(flow.getProgression(stage)).isSameAs(stage);
    }

    @Test
    @DisplayName("R-094 a name goes first, even if it looks like a UUID")
    void getProgression_nameLooksLikeAnId_isTheName() {
        Progression plain = new Progression("plain");
        Progression disguised = new Progression(plain.id().toString());
        flow.addProgression(plain);
        flow.addProgression(disguised);

        assertThat(flow.getProgression(plain.id().toString())).isSameAs(disguised);
        assertThat(flow.getProgression(plain.id())).isSameAs(plain);
    }

    @Test
    @DisplayName("R-094 an unknown name or id is not found")
    void getProgression_unknown_isNotFound() {
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.getProgression("no"))
                .withMessage("Progression 'no' not found in flow");
        for (Runnable act :
                List.<Runnable>of(() -> flow.getProgression(ghost), () -> flow.getProgression(ghost.toString()))) {
            assertThatExceptionOfType(NotFoundException.class)
                    .isThrownBy(act::run)
                    .withMessage("Progression " + ghost + " not found in flow");
        }
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.getProgression(new Progression("no", List.of(first))));
    }

    @Test
    @DisplayName("R-095 removeProgression gives the progression back and frees its name")
    void removeProgression_eachKey_removes() {
        Progression stage = new Progression("stage");
        List<Runnable> acts = List.of(
                () -> flow.removeProgression("stage"),
                () -> flow.removeProgression(stage.id()),
                () -> flow.removeProgression(stage.id().toString()),
                () -> flow.removeProgression(stage));
        for (Runnable act : acts) {
            flow.addProgression(stage);
            act.run();
            assertThat(flow.progressions()).isEmpty();
            assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> flow.getProgression("stage"));
        }
        flow.addProgression(stage);
        assertThat(flow.removeProgression("stage")).isSameAs(stage);
    }

    @Test
    @DisplayName("R-095 removing an unknown progression fails and changes nothing")
    void removeProgression_unknown_isNotFound() {
        flow.addProgression(new Progression("stage"));

        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.removeProgression(ghost))
                .withMessage("Progression " + ghost + " not found in flow");
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.removeProgression("no"))
                .withMessage("Progression 'no' not found in flow");
        assertThat(flow.getProgression("stage")).isNotNull();
    }

    @Test
    @DisplayName("R-096 an item joins as many progressions as are named, one of them twice if named twice")
    void addItem_manyProgressions_joinsEach() {
        Flow states = Flow.ofStatuses("f", new Pile());
        Progression stage = new Progression("stage");
        states.addProgression(stage);
        Event<JsonNode> item = event();

        states.addItem(item, "pending", stage.id().toString(), "stage");

        assertThat(states.items()).containsExactly(item);
        assertThat(states.getProgression("pending")).containsExactly(item.id());
        assertThat(stage).containsExactly(item.id(), item.id());
        states.addItem(event());
        states.addItem(event(), List.of(stage));
        assertThat(states.items().size()).isEqualTo(3);
        assertThat(stage.size()).isEqualTo(3);
    }

    @Test
    @DisplayName("R-096 addItem changes nothing when a progression is unknown")
    void addItem_unknownProgression_changesNothing() {
        Progression stage = new Progression("stage");
        flow.addProgression(stage);

        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.addItem(event(), "stage", "no"))
                .withMessage("Progression 'no' not found in flow");
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.addItem(event(), List.of(stage, new Progression("elsewhere"))));
        assertThat(flow.items()).containsExactlyElementsOf(three);
        assertThat(stage).isEmpty();
    }

    @Test
    @DisplayName("R-096 addItem changes nothing when the item is there, or of a type not let in")
    void addItem_refusedItem_changesNothing() {
        Flow typed = Flow.ofStatuses("f", new Pile(Set.of("a"), true));
        Event<JsonNode> item = event("a");
        typed.addItem(item);

        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> typed.addItem(item, "pending"))
                .withMessage("Item " + item.id() + " already exists in pile");
        assertThatIllegalArgumentException().isThrownBy(() -> typed.addItem(event("b"), "pending"));
        assertThat(typed.items().size()).isEqualTo(1);
        assertThat(typed.counts()).containsEntry("pending", 0);
    }

    @Test
    @DisplayName("R-097 removeItem takes one occurrence out of each progression, and the item out of the pile")
    void removeItem_inProgressions_takesOneOfEach() {
        Progression once = new Progression("once", List.of(first, second));
        Progression twice = new Progression("twice", List.of(first, second, first));
        flow.addProgression(once);
        flow.addProgression(twice);

        assertThat(flow.removeItem(first)).isSameAs(three.get(0));

        assertThat(flow.items()).containsExactly(three.get(1), three.get(2));
        assertThat(once).containsExactly(second);
        assertThat(twice).containsExactly(second, first);
    }

    @Test
    @DisplayName("R-097 removing an unknown item fails and changes nothing")
    void removeItem_unknown_changesNothing() {
        Progression stage = new Progression("stage", List.of(first));
        flow.addProgression(stage);
        stage.append(ghost);

        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> flow.removeItem(ghost))
                .withMessage("Item " + ghost + " not found in pile");
        assertThat(stage).containsExactly(first, ghost);
    }

    @Test
    @DisplayName("R-084 counts are by name in order of arrival, zeros included; the nameless count as unnamed")
    void counts_everyProgression_isCounted() {
        flow.addProgression(new Progression("z", List.of(first, first)));
        flow.addProgression(new Progression(null, List.of(first)));
        flow.addProgression(new Progression("a"));
        flow.addProgression(new Progression("", List.of(second)));

        assertThat(flow.counts()).containsExactly(entry("z", 2), entry("unnamed", 2), entry("a", 0));
    }

    @Test
    @DisplayName("R-102 a flow prints its sizes and its name, if it has one")
    void toString_withAndWithoutName_isTheModels() {
        for (int i = 0; i < 7; i++) {
            flow.addProgression(new Progression(null));
        }

        assertThat(flow).hasToString("Flow(items=3, progressions=7, name='x')");
        assertThat(new Flow(null)).hasToString("Flow(items=0, progressions=0)");
        assertThat(new Flow("")).hasToString("Flow(items=0, progressions=0)");
    }

    @Test
    @DisplayName("R-091 clear takes out all events and progressions, and frees every name")
    void clear_fullFlow_isEmpty() {
        Progression stage = new Progression("stage", List.of(first));
        flow.addProgression(stage);

        flow.clear();

        assertThat(flow).hasToString("Flow(items=0, progressions=0, name='x')");
        assertThat(stage).containsExactly(first);
        flow.addProgression(new Progression("stage"));
        stage.rename("free");
    }
}
