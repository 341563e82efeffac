package dev.millrace.event;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * Ids in order, with a count of each beside it, so that asking for one need not search. The two cannot drift apart:
 * nothing outside this class ever holds the list itself. Positions are from 0 and must exist. Confined to one thread.
 */
final class CountedIds {
    private final List<UUID> order = new ArrayList<>();
    private final List<UUID> view = Collections.unmodifiableList(order);
    private final Map<UUID, Integer> occurrences = new HashMap<>();

    /** The ids in order, always current; it cannot be changed through this. */
    List<UUID> view() {
        return view;
    }

    boolean contains(UUID id) {
        return occurrences.containsKey(id);
    }

    void add(int position, UUID id) {
        order.add(position, Objects.requireNonNull(id, "id"));
        occurrences.merge(id, 1, Integer::sum);
    }

    UUID remove(int position) {
        UUID id = order.remove(position);
        forget(id);
        return id;
    }

    /** Puts {@code ids} where the part from {@code from} up to, not including, {@code to} was; all of them or none. */
    void replace(int from, int to, Iterable<UUID> ids) {
        List<UUID> added = new ArrayList<>();
        ids.forEach(id -> added.add(Objects.requireNonNull(id, "id")));
        List<UUID> removed = order.subList(from, to);
        removed.forEach(this::forget);
        removed.clear();
        order.addAll(from, added);
        added.forEach(id -> occurrences.merge(id, 1, Integer::sum));
    }

    void swap(int first, int second) {
        Collections.swap(order, first, second);
    }

    void reverse() {
        Collections.reverse(order);
    }

    void clear() {
        order.clear();
        occurrences.clear();
    }

    private void forget(UUID id) {
        occurrences.computeIfPresent(id, (key, count) -> count == 1 ? null : count - 1);
    }
}
