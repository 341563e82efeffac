package dev.millrace.process;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** The lanes of the executors that this process has started. Thread-safe. */
public final class Repertoire {
    private final Runnable whenChanged;
    private final Map<Object, Known> known = new HashMap<>(); // guarded by this

    private record Known(int flow, List<Integer> lanes) {}

    /**
     * Flows and lanes at one moment, by their numbers.
     *
     * @param flows whose executors are started
     * @param lanes of the types that those executors know
     */
    public record Contents(SortedSet<Integer> flows, SortedSet<Integer> lanes) {}

    /** @param whenChanged runs after each change */
    public Repertoire(Runnable whenChanged) {
        this.whenChanged = whenChanged;
    }

    /** An executor runs these lanes from now on. */
    public synchronized void add(Object executor, int flow, Collection<Integer> lanes) {
        Known now = new Known(flow, List.copyOf(lanes));
        if (!now.equals(known.put(executor, now))) {
            whenChanged.run();
        }
    }

    /** An executor runs nothing any more. */
    public synchronized void remove(Object executor) {
        if (known.remove(executor) != null) {
            whenChanged.run();
        }
    }

    /** What this process runs now. */
    public synchronized Contents contents() {
        SortedSet<Integer> flows = new TreeSet<>();
        SortedSet<Integer> lanes = new TreeSet<>();
        known.values().forEach(each -> {
            flows.add(each.flow());
            lanes.addAll(each.lanes());
        });
        return new Contents(flows, lanes);
    }
}
