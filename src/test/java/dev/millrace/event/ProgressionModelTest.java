package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchRuntimeException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Plays random operations on a progression and on an {@link ArrayList}, and compares the two after each. */
class ProgressionModelTest {
    private static final int STEPS = 400;
    private static final int UNIVERSE = 12; // few ids, so that duplicates and hits are common

    private final Progression progression = new Progression("model");
    private final List<UUID> model = new ArrayList<>();
    private Random random = new Random();

    @RepeatedTest(50)
    @DisplayName("R-103 … R-107 random operations leave what a list would hold")
    void randomOperations_anySeed_agreeWithAList() {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println("ProgressionModelTest seed=" + seed + " (again with -Dmillrace.seed=" + seed + ")");
        random = new Random(seed);

        for (int step = 0; step < STEPS; step++) {
            int operation = random.nextInt(18);
            play(operation);
            assertAgreement("seed %d, step %d, operation %d".formatted(seed, step, operation));
        }
    }

    private void play(int operation) {
        UUID id = id();
        int index = index();
        switch (operation) {
            case 0, 1, 2 -> {
                progression.append(id);
                model.add(id);
            }
            case 3 -> {
                progression.insert(index, id);
                model.add(clamp(index), id);
            }
            case 4, 5 -> {
                List<UUID> more = ids();
                progression.extend(more);
                model.addAll(more);
            }
            case 6 -> {
                if (random.nextInt(10) == 0) {
                    progression.clear();
                    model.clear();
                }
            }
            case 7 -> {
                progression.reverse();
                Collections.reverse(model);
            }
            case 8 ->
                assertThat(catchRuntimeException(() -> progression.remove(id)) == null)
                        .isEqualTo(model.remove(id));
            case 9 -> assertThat(progression.exclude(id)).isEqualTo(model.remove(id));
            case 10 -> {
                boolean added = !model.contains(id);
                if (added) {
                    model.add(id);
                }
                assertThat(progression.include(id)).isEqualTo(added);
            }
            case 11 -> popAt(index);
            case 12 -> popEnds();
            case 13 -> move(index, index());
            case 14 -> swap(index, index());
            case 15, 16 -> setSlice(index, index());
            default -> slice(index, index());
        }
    }

    private void popAt(int index) {
        UUID expected = exists(index) ? model.remove(front(index)) : null;
        if (random.nextBoolean()) {
            assertThat(progression.pop(index, null)).isEqualTo(expected);
        } else if (expected == null) {
            assertThat(catchRuntimeException(() -> progression.pop(index))).isInstanceOf(NotFoundException.class);
        } else {
            assertThat(progression.pop(index)).isEqualTo(expected);
        }
    }

    private void popEnds() {
        if (!model.isEmpty()) {
            assertThat(progression.popLeft()).isEqualTo(model.removeFirst());
        }
        if (!model.isEmpty()) {
            assertThat(progression.pop()).isEqualTo(model.removeLast());
        }
    }

    /** The model marks the element, inserts a copy at the target, then drops the marked one. */
    private void move(int from, int to) {
        boolean legal = exists(from) && front(to) >= 0 && front(to) <= model.size();
        if (legal) {
            int source = front(from);
            int target = front(to);
            model.add(target, model.get(source));
            model.remove(target <= source ? source + 1 : source);
        }
        assertThat(catchRuntimeException(() -> progression.move(from, to)) == null)
                .isEqualTo(legal);
    }

    private void swap(int first, int second) {
        boolean legal = exists(first) && exists(second);
        if (legal) {
            Collections.swap(model, front(first), front(second));
        }
        assertThat(catchRuntimeException(() -> progression.swap(first, second)) == null)
                .isEqualTo(legal);
    }

    private void setSlice(int from, int to) {
        List<UUID> replacement = ids();
        List<UUID> slice = model.subList(clamp(from), Math.max(clamp(from), clamp(to)));
        slice.clear();
        slice.addAll(replacement);
        progression.setSlice(from, to, replacement);
    }

    private void slice(int from, int to) {
        List<UUID> expected = new ArrayList<>();
        for (int i = clamp(from); i < clamp(to); i++) {
            expected.add(model.get(i));
        }
        assertThat(progression.slice(from, to)).isEqualTo(expected);
    }

    private void assertAgreement(String where) {
        assertThat(progression.order()).as(where).isEqualTo(model);
        assertThat(progression).as(where).containsExactlyElementsOf(model);
        assertThat(progression.size()).as(where).isEqualTo(model.size());
        assertThat(progression.isEmpty()).as(where).isEqualTo(model.isEmpty());
        for (int i = 0; i < UNIVERSE; i++) {
            UUID id = new UUID(0, i);
            assertThat(progression.contains(id)).as(where).isEqualTo(model.contains(id));
            if (model.contains(id)) {
                assertThat(progression.index(id)).as(where).isEqualTo(model.indexOf(id));
            }
        }
        if (!model.isEmpty()) {
            int at = random.nextInt(model.size());
            assertThat(progression.get(at)).as(where).isEqualTo(model.get(at));
            assertThat(progression.get(at - model.size())).as(where).isEqualTo(model.get(at));
        }
    }

    private UUID id() {
        return new UUID(0, random.nextInt(UNIVERSE));
    }

    private List<UUID> ids() {
        List<UUID> ids = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            ids.add(id());
        }
        return ids;
    }

    /** Mostly near the progression's own positions, on both sides of zero and of both ends. */
    private int index() {
        int reach = model.size() + 3;
        return random.nextInt(2 * reach + 1) - reach;
    }

    private int front(int index) {
        return index >= 0 ? index : model.size() + index;
    }

    private boolean exists(int index) {
        return front(index) >= 0 && front(index) < model.size();
    }

    private int clamp(int index) {
        return Math.min(Math.max(front(index), 0), model.size());
    }

    @Test
    @DisplayName("R-107 contains does not search: 200,000 questions to 200,000 ids are answered at once")
    void contains_bigProgression_doesNotSearch() {
        Progression big = new Progression("big");
        for (int i = 0; i < 200_000; i++) {
            big.append(new UUID(1, i));
        }

        long started = System.nanoTime();
        int found = 0;
        for (int i = 0; i < 200_000; i++) {
            found += big.contains(new UUID(1, i * 2L)) ? 1 : 0;
        }
        long millis = (System.nanoTime() - started) / 1_000_000;

        System.out.printf("R-107 200,000 questions to 200,000 ids took %d ms; searching would take minutes%n", millis);
        assertThat(found).isEqualTo(100_000);
    }
}
