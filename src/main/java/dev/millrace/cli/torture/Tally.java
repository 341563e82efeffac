package dev.millrace.cli.torture;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** How many faults of each kind have really happened. Thread-safe. */
final class Tally {
    private final Map<FaultKind, Integer> counts = new EnumMap<>(FaultKind.class);

    synchronized void add(FaultKind kind) {
        counts.merge(kind, 1, Integer::sum);
    }

    synchronized int total() {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** By wire name, all kinds, in their order. */
    synchronized Map<String, Integer> byKind() {
        Map<String, Integer> byKind = new LinkedHashMap<>();
        for (FaultKind kind : FaultKind.values()) {
            byKind.put(kind.wireName(), counts.getOrDefault(kind, 0));
        }
        return byKind;
    }
}
