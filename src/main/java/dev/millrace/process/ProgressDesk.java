package dev.millrace.process;

import dev.millrace.process.Settler.Fate;
import dev.millrace.store.Hold;
import dev.millrace.store.ProgressRow;
import dev.millrace.store.Settlements;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far handlers say they are, on its way to the database: of each claim the latest word, at most four times a second, and
 * the last one before its claim ends. Telling is thread-safe and never waits; flushing is confined to one thread.
 */
final class ProgressDesk {
    private static final Logger log = LoggerFactory.getLogger(ProgressDesk.class);
    private static final long SPACING_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    /** Between two looks at what has gathered, so that looking costs little however many tell. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final Outbox<ProgressRow> outbox;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Hold, Entry> entries = new HashMap<>(); // guarded by lock
    private volatile boolean used; // whether there are entries
    private long lookedNanos = System.nanoTime() - LOOK_NANOS; // guarded by lock

    ProgressDesk(Settlements store) {
        this.outbox = new Outbox<>(new Words(store));
    }

    /** What one claim has said. */
    private static final class Entry {
        private @Nullable ProgressRow latest; // not handed on yet
        private boolean onItsWay; // an earlier word
        private long dueNanos = System.nanoTime();
    }

    /** Takes a word; says whether somebody should look when it is due. */
    boolean tell(ProgressRow row) {
        lock.lock();
        try {
            Entry entry = entries.computeIfAbsent(row.hold(), hold -> new Entry());
            boolean first = entry.latest == null;
            entry.latest = row;
            used = true;
            return first;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Hands on the last word of a claim that is about to end.
     *
     * @param owner hears what became of it
     * @return whether there is one
     */
    boolean hurry(Hold hold, Consumer<Fate> owner) {
        if (!used) {
            return false;
        }
        lock.lock();
        try {
            Entry entry = entries.get(hold);
            if (entry == null || entry.latest == null) {
                return false;
            }
            outbox.add(entry.latest, owner);
            entry.latest = null;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Writes what is due; afterwards whatever was handed on before is written. What it throws is the database's trouble. */
    void flush() {
        if (used) {
            gather();
        }
        drain();
    }

    /** Writes what was handed on. */
    void drain() {
        while (!outbox.isEmpty()) {
            outbox.flush();
        }
    }

    private void gather() {
        lock.lock();
        try {
            long now = System.nanoTime();
            if (now - lookedNanos < LOOK_NANOS) {
                return;
            }
            lookedNanos = now;
            for (Iterator<Map.Entry<Hold, Entry>> all = entries.entrySet().iterator(); all.hasNext(); ) {
                Map.Entry<Hold, Entry> next = all.next();
                Entry entry = next.getValue();
                if (entry.onItsWay || entry.dueNanos - now > 0) {
                    continue;
                }
                ProgressRow row = entry.latest;
                if (row == null) {
                    all.remove(); // silent for so long that its next word is due at once
                } else {
                    entry.latest = null;
                    entry.onItsWay = true;
                    outbox.add(row, fate -> written(next.getKey()));
                }
            }
            used = !entries.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void written(Hold hold) {
        lock.lock();
        try {
            Entry entry = entries.get(hold);
            if (entry != null) {
                entry.onItsWay = false;
                entry.dueNanos = System.nanoTime() + SPACING_NANOS;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether nothing is left that could be written now. */
    boolean isEmpty() {
        return outbox.isEmpty();
    }

    /** When to look again: after that time, or when something ends. */
    Duration untilDue(Duration otherwise) {
        if (!used) {
            return otherwise;
        }
        lock.lock();
        try {
            long now = System.nanoTime();
            long least = entries.values().stream()
                    .filter(entry -> !entry.onItsWay)
                    .mapToLong(entry -> entry.dueNanos - now)
                    .min()
                    .orElse(otherwise.toNanos());
            return Duration.ofNanos(Math.clamp(least, LOOK_NANOS, otherwise.toNanos()));
        } finally {
            lock.unlock();
        }
    }

    /** Words to be kept. */
    private record Words(Settlements store) implements Outbox.Kind<ProgressRow> {
        @Override
        public UUID id(ProgressRow row) {
            return row.id();
        }

        @Override
        public long characters(ProgressRow row) {
            String message = row.message();
            return message == null ? 0 : message.length();
        }

        @Override
        public Set<UUID> write(List<ProgressRow> rows) {
            return store.tellProgress(rows);
        }

        @Override
        public void stale(List<ProgressRow> rows) {
            log.debug(
                    "events={} are no longer here, what their handlers say of their progress does not count",
                    rows.size());
        }

        @Override
        public void refused(Outbox.Item<ProgressRow> item, RuntimeException error) {
            log.error(
                    "event={} the database refused its progress", item.answer().id(), error);
            item.owner().accept(Fate.REFUSED);
        }
    }
}
