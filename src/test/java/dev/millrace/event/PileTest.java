package dev.millrace.event;

import static dev.millrace.event.SampleEvents.event;
import static dev.millrace.event.SampleEvents.events;
import static dev.millrace.event.SampleEvents.pileOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Instant;
import java.util.ConcurrentModificationException;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PileTest {
    private final List<Event<JsonNode>> four = events(4);
    private final Pile pile = pileOf(four);
    private final UUID absent = UuidV7.next();

    @Test
    @DisplayName("R-108 a pile keeps the order in which events were added")
    void iteration_afterAddsAndRemovals_isInOrder() {
        Event<JsonNode> late = event();
        pile.remove(four.get(1).id());
        pile.add(late);
        pile.add(four.get(1));

        assertThat(pile).containsExactly(four.get(0), four.get(2), four.get(3), late, four.get(1));
        assertThat(pile.size()).isEqualTo(5);
    }

    @Test
    @DisplayName("R-108 adding an id that is in fails and changes nothing")
    void add_idThatIsIn_fails() {
        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> pile.add(four.get(2)))
                .withMessage("Item " + four.get(2).id() + " already exists in pile");
        assertThat(pile).containsExactlyElementsOf(four);
    }

    @Test
    @DisplayName("R-108 adding an event of a type that is not let in fails and stores nothing")
    void add_otherType_fails() {
        Pile strict = new Pile(new LinkedHashSet<>(List.of("b", "a")), true);
        Pile lenient = new Pile(Set.of("a"), false);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> strict.add(event("c")))
                .withMessageStartingWith(
                        "Item type 'c' not in allowed types [b, a] (strict_type=True, no subclasses allowed)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> lenient.add(event("c")))
                .withMessageStartingWith("Item type 'c' is not a subclass of any allowed type [a]");
        assertThat(strict.isEmpty()).isTrue();
        assertThat(lenient.isEmpty()).isTrue();
    }

    @Test
    @DisplayName("R-108 remove, get and update fail on an unknown id")
    void removeGetUpdate_unknownId_fail() {
        List<Runnable> acts = List.of(() -> pile.remove(absent), () -> pile.get(absent), () -> pile.get("" + absent));
        for (Runnable act : acts) {
            assertThatExceptionOfType(NotFoundException.class)
                    .isThrownBy(act::run)
                    .withMessage("Item " + absent + " not found in pile");
        }
        Event<JsonNode> stranger = event();
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> pile.update(stranger))
                .withMessage("Item " + stranger.id() + " not found in pile");
        assertThat(pile).containsExactlyElementsOf(four);
    }

    @Test
    @DisplayName("R-108 get and pop have defaults for an unknown id")
    void getAndPop_unknownId_giveTheDefault() {
        Event<JsonNode> otherwise = event();

        assertThat(pile.get(absent, otherwise)).isSameAs(otherwise);
        assertThat(pile.get(absent, null)).isNull();
        assertThat(pile.get(absent.toString(), otherwise)).isSameAs(otherwise);
        assertThat(pile.pop(absent, otherwise)).isSameAs(otherwise);
        assertThat(pile.pop(absent, null)).isNull();
        assertThat(pile.pop(four.get(0).id(), null)).isSameAs(four.get(0));
        assertThat(pile.get(four.get(1).id(), null)).isSameAs(four.get(1));
        assertThat(pile).containsExactlyElementsOf(four.subList(1, 4));
    }

    @Test
    @DisplayName("R-108 update puts a newer reading of the event in its place")
    void update_knownId_keepsThePlace() {
        Event<JsonNode> old = four.get(1);
        Event<JsonNode> newer = new Event<>(
                old.id(),
                old.createdAt(),
                old.type(),
                old.payload(),
                old.metadata(),
                old.terms(),
                Execution.active(EventStatus.PROCESSING, 1, Instant.EPOCH));

        pile.update(newer);

        assertThat(pile.get(1)).isSameAs(newer);
        assertThat(pile.get(old.id()).status()).isEqualTo(EventStatus.PROCESSING);
        assertThat(pile.size()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "0-0-0-0-0", "0000000000000000000000000000000000000000000000000000"})
    @DisplayName("R-108 a malformed id text is an illegal argument, with a default too")
    void get_malformedText_isIllegal(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pile.get(text))
                .withMessageStartingWith("badly formed hexadecimal UUID string");
        assertThatIllegalArgumentException().isThrownBy(() -> pile.get(text, event()));
    }

    @Test
    @DisplayName("R-109 an event is found by UUID, by its text, and by index from either end")
    void get_eachKey_finds() {
        Event<JsonNode> third = four.get(2);

        assertThat(pile.get(third.id())).isSameAs(third);
        assertThat(pile.get(third.id().toString())).isSameAs(third);
        assertThat(pile.get(2)).isSameAs(third);
        assertThat(pile.get(-2)).isSameAs(third);
        pile.remove(four.get(0).id());
        assertThat(pile.get(1)).as("after a removal").isSameAs(third);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 9, -5, Integer.MAX_VALUE, Integer.MIN_VALUE})
    @DisplayName("R-109 an index out of range fails")
    void get_indexOutOfRange_fails(int index) {
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> pile.get(index))
                .withMessage("Index " + index + " out of range for pile of length 4");
    }

    @Test
    @DisplayName("R-109 a list of ids selects a new pile in that order")
    void select_list_isInItsOrder() {
        Pile selected = pile.select(List.of(four.get(3).id(), four.get(0).id()));

        assertThat(selected).containsExactly(four.get(3), four.get(0)).isNotEqualTo(pile);
        assertThat(pile.size()).isEqualTo(4);
    }

    @Test
    @DisplayName("R-109 an empty list, an unknown id and a repeated id are refused")
    void select_badList_isRefused() {
        UUID first = four.get(0).id();

        assertThatIllegalArgumentException().isThrownBy(() -> pile.select(List.of()));
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> pile.select(List.of(first, absent)));
        assertThatExceptionOfType(ExistsException.class).isThrownBy(() -> pile.select(List.of(first, first)));
    }

    @Test
    @DisplayName("R-109 a progression selects a new pile in its order; a ghost or a duplicate is refused")
    void select_progression_isInItsOrder() {
        Progression progression =
                new Progression("p", List.of(four.get(2).id(), four.get(1).id()));

        assertThat(pile.select(progression)).containsExactly(four.get(2), four.get(1));
        assertThat(pile.select(new Progression("empty"))).isEmpty();
        progression.append(four.get(2).id());
        assertThatExceptionOfType(ExistsException.class).isThrownBy(() -> pile.select(progression));
        progression.setSlice(2, 3, List.of(absent));
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> pile.select(progression))
                .withMessage("Item " + absent + " not found in pile");
    }

    @Test
    @DisplayName("R-109 a predicate selects a new pile, empty when nothing passes")
    void select_predicate_mayBeEmpty() {
        assertThat(pile.select(item -> item.equals(four.get(1)))).containsExactly(four.get(1));
        assertThat(pile.select(item -> false)).isEmpty();
    }

    @Test
    @DisplayName("R-109 a slice is a new pile, cut to what is there")
    void slice_anyBounds_isCut() {
        assertThat(pile.slice(1, 3)).containsExactly(four.get(1), four.get(2));
        assertThat(pile.slice(-2, 99)).containsExactly(four.get(2), four.get(3));
        assertThat(pile.slice(3, 1)).isEmpty();
        assertThat(pile.slice(0, 4)).containsExactlyElementsOf(four).isNotEqualTo(pile);
    }

    @Test
    @DisplayName("R-109 a selection lets in the same types")
    void select_typedPile_keepsTheTypes() {
        Pile typed = new Pile(Set.of("a"), true);
        typed.add(event("a"));

        Pile selected = typed.slice(0, 1);

        assertThat(selected.itemTypes()).containsExactly("a");
        assertThat(selected.strictType()).isTrue();
    }

    @Test
    @DisplayName("R-109 filterByType finds the events of that type, or fails")
    void filterByType_noneOfThatType_fails() {
        Event<JsonNode> mail = event("mail");
        pile.add(mail);

        assertThat(pile.filterByType("mail")).containsExactly(mail);
        assertThat(pile.filterByType("api-call")).containsExactlyElementsOf(four);
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> pile.filterByType("fax"))
                .withMessage("No items of type 'fax' found in pile");
    }

    @Test
    @DisplayName("R-110 include and exclude say what is so afterwards")
    void includeAndExclude_sayWhatIsSo() {
        Event<JsonNode> late = event();

        assertThat(pile.include(late)).isTrue();
        assertThat(pile.include(late)).isTrue();
        assertThat(pile.size()).isEqualTo(5);
        assertThat(pile.exclude(late)).isTrue();
        assertThat(pile.exclude(late.id())).isTrue();
        assertThat(pile.exclude(four.get(0).id().toString())).isTrue();
        assertThat(pile).containsExactlyElementsOf(four.subList(1, 4));
    }

    @Test
    @DisplayName("R-110 include and exclude say false only for what is impossible")
    void includeAndExclude_impossible_sayFalse() {
        Pile typed = new Pile(Set.of("a"), false);

        assertThat(typed.include(event("b"))).isFalse();
        assertThat(typed.isEmpty()).isTrue();
        assertThat(pile.exclude("x")).isFalse();
        assertThat(pile.exclude(null)).isFalse();
    }

    @Test
    @DisplayName("R-111 the types of a pile are fixed when it is made")
    void itemTypes_afterConstruction_areFixed() {
        Set<String> names = new LinkedHashSet<>(List.of("b", "a"));
        Pile typed = new Pile(names, true);
        names.add("c");

        assertThat(typed.itemTypes()).containsExactly("b", "a");
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> typed.itemTypes().add("c"));
    }

    @Test
    @DisplayName("R-111 a pile cannot be made with fewer or more events than it says")
    void constructor_givenItems_checksEach() {
        Pile typed = new Pile(
                absent, Instant.EPOCH, JsonNodeFactory.instance.objectNode().put("k", 1), Set.of(), false, four);

        assertThat(typed).containsExactlyElementsOf(four).hasSize(4);
        assertThat(typed.id()).isEqualTo(absent);
        assertThat(typed.createdAt()).isEqualTo(Instant.EPOCH);
        assertThat(typed.metadata().get("k").intValue()).isEqualTo(1);
        assertThat(typed)
                .isEqualTo(new Pile(
                        absent, Instant.now(), JsonNodeFactory.instance.objectNode(), Set.of("x"), true, List.of()));
        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> new Pile(
                        absent,
                        Instant.EPOCH,
                        JsonNodeFactory.instance.objectNode(),
                        Set.of(),
                        false,
                        List.of(four.get(0), four.get(0))));
    }

    @Test
    @DisplayName("R-111 removing while iterating fails at once and skips nothing silently")
    void iterator_pileChanged_fails() {
        Iterator<Event<JsonNode>> iterator = pile.iterator();
        iterator.next();

        assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(iterator::remove);
        pile.remove(four.get(0).id());
        assertThatExceptionOfType(ConcurrentModificationException.class).isThrownBy(iterator::next);
    }

    @Test
    @DisplayName("R-108 contains knows events, ids and their text, and never throws; clear empties")
    void containsAndClear_doWhatTheySay() {
        assertThat(pile.contains(four.get(0))).isTrue();
        assertThat(pile.contains(four.get(0).id())).isTrue();
        assertThat(pile.contains(four.get(0).id().toString())).isTrue();
        assertThat(pile.contains(absent)).isFalse();
        assertThat(pile.contains("x")).isFalse();
        assertThat(pile.contains(null)).isFalse();

        pile.clear();
        assertThat(pile.isEmpty()).isTrue();
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> pile.get(0));
    }
}
