package dev.millrace.store;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Priorities that keep a given order. What is restored is claimed by priority and then in the order of its insertion, and an order
 * may differ from that: by a new priority, by denials, by times at which events were due. Stateless.
 */
final class KeptOrder {
    private KeptOrder() {}

    /**
     * For each element the priority to be claimed with; null for its own. As many as possible keep their own: those of a longest part
     * of the list that is in order. The others get that of the one of those before them, or of the first.
     *
     * @param own what each was appended with, in the order to be kept
     */
    static List<@Nullable Double> of(List<Double> own) {
        boolean[] keeps = longestInOrder(own);
        List<@Nullable Double> kept = new ArrayList<>(own.size());
        Double beside = null;
        for (int i = 0; i < keeps.length && beside == null; i++) {
            beside = keeps[i] ? own.get(i) : null;
        }
        for (int i = 0; i < keeps.length; i++) {
            beside = keeps[i] ? own.get(i) : beside;
            kept.add(keeps[i] ? null : beside);
        }
        return kept;
    }

    /** Which elements belong to a longest part that does not fall: found by the least last element of parts of each length. */
    private static boolean[] longestInOrder(List<Double> own) {
        int[] last = new int[own.size()]; // by length less one: where the part ends that ends lowest
        int[] before = new int[own.size()];
        int longest = 0;
        for (int i = 0; i < own.size(); i++) {
            int low = 0;
            int high = longest;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (own.get(last[middle]) <= own.get(i)) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            before[i] = low == 0 ? -1 : last[low - 1];
            last[low] = i;
            longest = Math.max(longest, low + 1);
        }
        boolean[] keeps = new boolean[own.size()];
        for (int i = longest == 0 ? -1 : last[longest - 1]; i >= 0; i = before[i]) {
            keeps[i] = true;
        }
        return keeps;
    }
}
