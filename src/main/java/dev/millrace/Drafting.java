package dev.millrace;

import dev.millrace.event.ExistsException;
import dev.millrace.event.ValidationException;
import dev.millrace.store.Draft;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;

/** Makes the drafts of a batch. What is wrong with one of them says at which index it stands; then there are none. */
final class Drafting {
    private Drafting() {}

    /**
     * The drafts of these items, in their order.
     *
     * @param noun what an item is, for the message
     */
    static <I> List<Draft> all(String noun, Collection<? extends I> items, Function<I, Draft> draft) {
        List<I> given = new ArrayList<>(items); // its size must not change while it is gone through
        List<Draft> drafts = new ArrayList<>(given.size());
        for (int i = 0; i < given.size(); i++) {
            I item = given.get(i);
            if (item == null) {
                throw new NullPointerException(place(i, given) + noun + " is null; nothing was stored");
            }
            try {
                drafts.add(draft.apply(item));
            } catch (ValidationException e) {
                Map<String, Object> details = new LinkedHashMap<>(e.details());
                details.put("index", i);
                var refusal =
                        new ValidationException(place(i, given) + e.getMessage() + "; nothing was stored", details);
                refusal.initCause(e);
                throw refusal;
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(place(i, given) + e.getMessage() + "; nothing was stored", e);
            }
        }
        return drafts;
    }

    private static String place(int index, List<?> of) {
        return "index %d of %d: ".formatted(index, of.size());
    }

    /**
     * These drafts with each id once: the same event said again is the same, another under its id is refused.
     *
     * @param repeatable whether an event may be said again at all
     * @throws ExistsException if an id stands twice, naming it and its places
     */
    static List<Draft> unique(List<Draft> drafts, boolean repeatable) {
        Map<UUID, Integer> places = HashMap.newHashMap(drafts.size());
        List<Draft> unique = new ArrayList<>(drafts.size());
        for (int i = 0; i < drafts.size(); i++) {
            Draft draft = drafts.get(i);
            Integer first = places.putIfAbsent(draft.id(), i);
            if (first == null) {
                unique.add(draft);
            } else if (!repeatable || !isSame(draft, drafts.get(first))) {
                throw new ExistsException(
                        "event %s stands twice in the batch, at index %d and %d; nothing was stored"
                                .formatted(draft.id(), first, i),
                        Map.of("id", draft.id().toString()));
            }
        }
        return unique;
    }

    private static boolean isSame(Draft one, Draft other) {
        return one.type().equals(other.type()) && Objects.equals(one.payload(), other.payload());
    }
}
