package dev.millrace.process;

import dev.millrace.store.Pauses;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Has this process's executors start nothing of a flow that was paused after they had claimed it, and wakes them when it is
 * resumed. What is paused is said by the database alone: it is asked when a notification comes, and twice a second while
 * something that was claimed a while ago has not started, or while a pause is known. So idle and busy workers ask nothing.
 * {@link #look} is confined to one thread, the rest is thread-safe.
 */
public final class Stops {
    /** What is claimed ahead of handlers starts sooner, as a rule. */
    private static final long A_WHILE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Pauses pauses;
    private final List<Stopped> stopped = new CopyOnWriteArrayList<>();
    private final Set<Integer> told = ConcurrentHashMap.newKeySet();

    /** @param wake has the loop look again */
    private record Stopped(int flow, Runs<?> runs, Runnable wake) {}

    /** Those of that database. */
    public Stops(Pauses pauses) {
        this.pauses = pauses;
    }

    /** Adds an executor. */
    public void add(int flow, Runs<?> runs, Runnable wake) {
        stopped.add(new Stopped(flow, runs, wake));
    }

    /** Removes an executor. */
    public void remove(Runs<?> runs) {
        stopped.removeIf(one -> one.runs.equals(runs));
    }

    /** Somebody says that a flow was paused or resumed: {@link #look} shall ask about it, if this process executes it. */
    void changed(int flow) {
        if (stopped.stream().anyMatch(one -> one.flow == flow)) {
            told.add(flow);
        }
    }

    /** Asks about the flows that it should, if there are any, and acts on it. */
    void look() {
        Set<Integer> news = Set.copyOf(told);
        told.removeAll(news); // before it asks: what is told from now on is asked about once more
        long aWhileAgo = System.nanoTime() - A_WHILE_NANOS;
        List<Stopped> asked = stopped.stream()
                .filter(one -> news.contains(one.flow) || one.runs.isPaused() || one.runs.hasWaitedSince(aWhileAgo))
                .toList();
        if (asked.isEmpty()) {
            return;
        }
        Collection<Integer> paused;
        try {
            paused = pauses.of(asked.stream().map(Stopped::flow).collect(Collectors.toSet()))
                    .keySet();
        } catch (RuntimeException e) {
            told.addAll(news);
            throw e;
        }
        Stream<Stopped> changed =
                asked.stream().filter(one -> one.runs.pause(paused.contains(one.flow)) || news.contains(one.flow));
        changed.forEach(one -> one.wake.run());
    }
}
