package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressionTest {
    private static final UUID A = new UUID(0, 0);
    private static final UUID B = new UUID(0, 1);
    private static final UUID C = new UUID(0, 2);
    private static final UUID D = new UUID(0, 3);
    private static final UUID ABSENT = new UUID(0, 9);

    private final Progression four = new Progression("four", List.of(A, B, C, D));

    @Test
    @DisplayName("R-103 a progression keeps its id, time, notes, name and order, duplicates included")
    void constructor_givenAllParts_keepsThem() {
        Instant createdAt = Instant.parse("2026-01-31T12:00:00.123456Z");
        ObjectNode notes = JsonNodeFactory.instance.objectNode().put("k", 1);

        Progression progression = new Progression(D, createdAt, notes, "x", List.of(A, B, A));

        notes.put("k", 2);
        assertThat(progression.id()).isEqualTo(D);
        assertThat(progression.createdAt()).isEqualTo(createdAt);
        assertThat(progression.metadata().get("k").intValue()).isEqualTo(1);
        assertThat(progression.name()).isEqualTo("x");
        assertThat(progression.order()).containsExactly(A, B, A);
        assertThat(progression.size()).isEqualTo(3);
    }

    @Test
    @DisplayName("R-103 notes are the progression's own, and can be changed")
    void metadata_changed_isKept() {
        four.metadata().put("owner", "ops");

        assertThat(four.metadata().get("owner").textValue()).isEqualTo("ops");
    }

    @Test
    @DisplayName("R-103 a null id is refused at construction")
    void constructor_nullId_isRefused() {
        assertThatNullPointerException().isThrownBy(() -> new Progression("x", Arrays.asList(A, null)));
    }

    @Test
    @DisplayName("R-103 an empty progression is empty, and prints as the model prints it")
    void toString_emptyAndNamed_isTheModels() {
        Progression pending = new Progression("pending");

        assertThat(pending.isEmpty()).isTrue();
        assertThat(pending).hasToString("Progression(len=0 name='pending')");
        assertThat(four).hasToString("Progression(len=4 name='four')");
        assertThat(new Progression(null)).hasToString("Progression(len=0)");
        assertThat(new Progression("")).hasToString("Progression(len=0)");
    }

    @Test
    @DisplayName("R-103 progressions are equal by id alone")
    void equals_sameIdOtherContent_isEqual() {
        Progression same =
                new Progression(four.id(), Instant.EPOCH, JsonNodeFactory.instance.objectNode(), null, List.of());

        assertThat(same).isEqualTo(four).hasSameHashCodeAs(four);
        assertThat(new Progression("four", four)).isNotEqualTo(four);
    }

    @Test
    @DisplayName("R-104 append puts at the end, also what is in already")
    void append_idThatIsIn_isInTwice() {
        four.append(A);

        assertThat(four.order()).containsExactly(A, B, C, D, A);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "2, 2", "4, 4", "99, 4", "-1, 3", "-4, 0", "-99, 0", "2147483647, 4", "-2147483648, 0"})
    @DisplayName("R-104 insert clamps its index as a list does, and counts a negative one from the end")
    void insert_anyIndex_landsWhereAListWouldPutIt(int index, int position) {
        four.insert(index, ABSENT);

        List<UUID> expected = new ArrayList<>(List.of(A, B, C, D));
        expected.add(position, ABSENT);
        assertThat(four.order()).isEqualTo(expected);
    }

    @Test
    @DisplayName("R-104 extend adds all, or nothing when one is bad")
    void extend_oneNull_addsNone() {
        assertThatNullPointerException().isThrownBy(() -> four.extend(Arrays.asList(ABSENT, null)));
        assertThat(four.order()).containsExactly(A, B, C, D);
        assertThat(four.contains(ABSENT)).isFalse();

        four.extend(List.of(D, ABSENT));
        assertThat(four.order()).containsExactly(A, B, C, D, D, ABSENT);
    }

    @Test
    @DisplayName("R-104 extend adds nothing when its source fails half way")
    void extend_failingSource_addsNone() {
        Iterator<UUID> source = List.of(A, B).iterator();
        Iterable<UUID> failing = () -> new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public UUID next() {
                return source.next();
            }
        };

        assertThatExceptionOfType(java.util.NoSuchElementException.class).isThrownBy(() -> four.extend(failing));
        assertThat(four.size()).isEqualTo(4);
    }

    @Test
    @DisplayName("R-104 a progression can be extended by itself")
    void extend_byItself_doublesIt() {
        four.extend(four);

        assertThat(four.order()).containsExactly(A, B, C, D, A, B, C, D);
    }

    @Test
    @DisplayName("R-104 clear empties, reverse turns round")
    void clearAndReverse_doWhatTheySay() {
        four.reverse();
        assertThat(four.order()).containsExactly(D, C, B, A);

        four.clear();
        assertThat(four.isEmpty()).isTrue();
        assertThat(four.contains(A)).isFalse();
    }

    @Test
    @DisplayName("R-105 remove takes the first occurrence, and refuses what is not there")
    void remove_firstOccurrence_orRefused() {
        four.append(A);
        four.remove(A);
        assertThat(four.order()).containsExactly(B, C, D, A);
        assertThat(four.contains(A)).isTrue();

        four.remove(A);
        assertThat(four.contains(A)).isFalse();
        assertThatIllegalArgumentException().isThrownBy(() -> four.remove(A)).withMessageContaining(A.toString());
    }

    @Test
    @DisplayName("R-105 index finds the first occurrence, and refuses what is not there")
    void index_firstOccurrence_orRefused() {
        four.append(B);

        assertThat(four.index(B)).isEqualTo(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> four.index(ABSENT))
                .withMessage(ABSENT + " is not in progression 'four'");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "3, 3", "-1, 3", "-4, 0"})
    @DisplayName("R-105 get counts a negative index from the end")
    void get_index_fromEitherEnd(int index, int position) {
        assertThat(four.get(index)).isEqualTo(new UUID(0, position));
    }

    @ParameterizedTest
    @CsvSource({"4", "9", "-5", "2147483647", "-2147483648"})
    @DisplayName("R-105 get and pop past an end fail in their own ways, and pop has a default")
    void getAndPop_pastAnEnd_fail(int index) {
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> four.get(index));
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> four.pop(index))
                .withMessage("Index " + index + " not found in progression of length 4")
                .satisfies(e ->
                        assertThat(e.details()).containsEntry("index", index).containsEntry("length", 4))
                .satisfies(e -> assertThat(e.retryable()).isFalse());
        assertThat(four.pop(index, ABSENT)).isEqualTo(ABSENT);
        assertThat(four.pop(index, null)).isNull();
        assertThat(four.order()).containsExactly(A, B, C, D);
    }

    @Test
    @DisplayName("R-105 pop takes the last, or the one at its index; popLeft the first")
    void pop_takesOut() {
        assertThat(four.pop()).isEqualTo(D);
        assertThat(four.pop(1)).isEqualTo(B);
        assertThat(four.pop(-2, ABSENT)).isEqualTo(A);
        assertThat(four.popLeft()).isEqualTo(C);
        assertThat(four.isEmpty()).isTrue();
    }

    @Test
    @DisplayName("R-105 popLeft and pop on empty fail")
    void pop_empty_fails() {
        Progression empty = new Progression("empty");

        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(empty::popLeft)
                .withMessage("Cannot pop from empty progression");
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(empty::pop)
                .withMessage("Index -1 not found in progression of length 0");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 2, 1 0 2 3",
        "0, 4, 1 2 3 0",
        "3, 0, 3 0 1 2",
        "-1, 0, 3 0 1 2",
        "0, -1, 1 2 0 3",
        "1, 1, 0 1 2 3",
        "1, 2, 0 1 2 3"
    })
    @DisplayName("R-106 move counts both positions before the move")
    void move_examplesOfTheRule_hold(int from, int to, String expected) {
        four.move(from, to);

        assertThat(four.order().stream().map(id -> "" + id.getLeastSignificantBits()))
                .containsExactly(expected.split(" "));
    }

    @Test
    @DisplayName("R-106 swap exchanges, negative positions too")
    void swap_firstAndLast_exchanges() {
        four.swap(0, -1);

        assertThat(four.order()).containsExactly(D, B, C, A);
    }

    @Test
    @DisplayName("R-106 move and swap out of range fail and change nothing")
    void moveAndSwap_outOfRange_fail() {
        List<Consumer<Progression>> wrong =
                List.of(p -> p.move(9, 0), p -> p.move(0, 9), p -> p.swap(9, 0), p -> p.swap(0, 9));

        for (Consumer<Progression> act : wrong) {
            assertThatExceptionOfType(NotFoundException.class)
                    .isThrownBy(() -> act.accept(four))
                    .withMessage("Index 9 out of range for progression of length 4");
        }
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> four.move(4, 0));
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> four.swap(0, 4));
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> four.move(0, 5));
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> four.move(0, -5));
        assertThat(four.order()).containsExactly(A, B, C, D);
    }

    @Test
    @DisplayName("R-106 move and swap on empty fail")
    void moveAndSwap_empty_fail() {
        Progression empty = new Progression("empty");

        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> empty.move(0, 0))
                .withMessage("Progression is empty");
        assertThatExceptionOfType(NotFoundException.class)
                .isThrownBy(() -> empty.swap(0, 0))
                .withMessage("Progression is empty");
    }

    @Test
    @DisplayName("R-107 include says whether it added, exclude whether it removed")
    void includeAndExclude_sayWhatTheyDid() {
        assertThat(four.include(ABSENT)).isTrue();
        assertThat(four.include(ABSENT)).isFalse();
        assertThat(four.size()).isEqualTo(5);
        assertThat(four.exclude(ABSENT)).isTrue();
        assertThat(four.exclude(ABSENT)).isFalse();

        four.append(A);
        assertThat(four.exclude(A)).isTrue();
        assertThat(four.order()).containsExactly(B, C, D, A);
    }

    @Test
    @DisplayName("R-107 contains knows ids, their text and events, and never throws")
    void contains_anything_neverThrows() {
        Event<?> event = SampleEvents.event();
        four.append(event.id());

        assertThat(four.contains(event)).isTrue();
        assertThat(four.contains(A)).isTrue();
        assertThat(four.contains(A.toString())).isTrue();
        assertThat(four.contains(event.id().toString().toUpperCase(java.util.Locale.ROOT)))
                .isTrue();
        for (Object garbage : new Object[] {null, "", "x", "0-0-0-0-0", 7, ABSENT, ABSENT.toString(), List.of(A)}) {
            assertThat(four.contains(garbage)).as("%s", garbage).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 1 2", "-2, 99, 2 3", "-99, 2, 0 1", "0, -1, 0 1 2", "3, 1, ''", "4, 9, ''"})
    @DisplayName("R-107 a slice is a list, cut to what is there")
    void slice_anyBounds_isCut(int from, int to, String expected) {
        List<UUID> ids = expected.isEmpty()
                ? List.of()
                : Arrays.stream(expected.split(" "))
                        .map(n -> new UUID(0, Long.parseLong(n)))
                        .toList();

        assertThat(four.slice(from, to)).isEqualTo(ids);
    }

    @Test
    @DisplayName("R-107 a slice can be replaced by a list of any length")
    void setSlice_otherLength_replaces() {
        four.setSlice(1, 3, List.of(ABSENT, A, ABSENT));
        assertThat(four.order()).containsExactly(A, ABSENT, A, ABSENT, D);
        assertThat(four.contains(B)).isFalse();

        four.setSlice(0, 99, List.of());
        assertThat(four.isEmpty()).isTrue();
        assertThat(four.contains(A)).isFalse();
    }

    @Test
    @DisplayName("R-107 a slice set back to front inserts at its beginning, as a list does")
    void setSlice_endBeforeBeginning_inserts() {
        four.setSlice(3, 1, List.of(ABSENT));

        assertThat(four.order()).containsExactly(A, B, C, ABSENT, D);
    }

    @Test
    @DisplayName("R-107 no way round the progression leaves contains stale")
    void order_andIterator_cannotChangeIt() {
        List<UUID> before = four.order();
        four.append(ABSENT);
        Iterator<UUID> iterator = four.iterator();
        iterator.next();

        assertThat(before).containsExactly(A, B, C, D);
        assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(before::removeFirst);
        assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(iterator::remove);
        assertThat(four).containsExactly(A, B, C, D, ABSENT);
    }
}
