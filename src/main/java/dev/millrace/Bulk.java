package dev.millrace;

import dev.millrace.event.ValidationException;
import dev.millrace.store.Appends;
import dev.millrace.store.Draft;
import dev.millrace.thread.Threads;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Appends a stream of any length in constant memory: in chunks, each of them one statement and one transaction. While the
 * database stores one, the next is encoded. Used once, by one thread.
 */
final class Bulk<I> {
    private final Function<I, Draft> draft;
    private final Consumer<List<Draft>> append;
    private final LongConsumer whenStored;
    private List<Draft> chunk = new ArrayList<>();
    private Storing underWay = Storing.NOTHING;
    private long characters;
    private long stored;

    /**
     * @param append stores a chunk
     * @param whenStored hears after each chunk how many there are in all
     */
    Bulk(Function<I, Draft> draft, Consumer<List<Draft>> append, LongConsumer whenStored) {
        this.draft = draft;
        this.append = append;
        this.whenStored = whenStored;
    }

    /** Appends them all, closes the stream, and says how many they were. */
    long append(Stream<? extends I> items) {
        try (items) {
            for (Iterator<? extends I> rest = items.iterator(); rest.hasNext(); ) {
                add(drafted(rest.next()));
            }
            flush();
            return stored;
        } finally {
            underWay.end(); // nothing is stored after this has returned or thrown
        }
    }

    /** A chunk on its way into the database, on a thread of its own. Confined to the caller's thread. */
    private static final class Storing {
        static final Storing NOTHING = new Storing(List.of(), drafts -> {});

        private final int size;
        private final FutureTask<@Nullable Void> task;

        private Storing(List<Draft> drafts, Consumer<List<Draft>> append) {
            this.size = drafts.size();
            this.task = new FutureTask<>(() -> append.accept(drafts), null);
            if (drafts.isEmpty()) {
                task.run();
            }
        }

        static Storing begin(List<Draft> drafts, Consumer<List<Draft>> append) {
            Storing storing = new Storing(drafts, append);
            Threads.startVirtual("millrace-bulk", storing.task);
            return storing;
        }

        /** Waits for its end, also if interrupted, since what becomes of it must be known; throws what it threw. */
        int stored() {
            Throwable failure = end();
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure != null) {
                throw (RuntimeException) failure; // a Consumer throws no other
            }
            return size;
        }

        private @Nullable Throwable end() {
            boolean interrupted = false;
            try {
                while (true) {
                    try {
                        task.get();
                        return null;
                    } catch (InterruptedException e) {
                        interrupted = true;
                    } catch (ExecutionException e) {
                        return e.getCause();
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private Draft drafted(I item) {
        if (item == null) {
            throw new NullPointerException("%s: payload is null; %s".formatted(place(), state()));
        }
        try {
            return draft.apply(item);
        } catch (ValidationException e) {
            Map<String, Object> details = new LinkedHashMap<>(e.details());
            String message = "%s: %s; %s".formatted(place(), e.getMessage(), state());
            details.put("index", stored + chunk.size());
            details.put("stored", stored);
            var refusal = new ValidationException(message, details);
            refusal.initCause(e);
            throw refusal;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("%s: %s; %s".formatted(place(), e.getMessage(), state()), e);
        }
    }

    /** Where the next item stands; what comes before it is stored by then, or is in the chunk. */
    private String place() {
        awaitStored();
        return "index %d".formatted(stored + chunk.size());
    }

    private String state() {
        return "the first %d were stored".formatted(stored);
    }

    private void add(Draft next) {
        if (Appends.isFull(chunk.size(), characters, next)) {
            awaitStored();
            underWay = Storing.begin(chunk, append);
            chunk = new ArrayList<>(chunk.size());
            characters = 0;
        }
        chunk.add(next);
        characters += Appends.characters(next);
    }

    /** The last chunk needs no thread. */
    private void flush() {
        awaitStored();
        if (!chunk.isEmpty()) {
            append.accept(chunk);
            count(chunk.size());
        }
    }

    private void awaitStored() {
        Storing ended = underWay;
        underWay = Storing.NOTHING;
        int size = ended.stored();
        if (size > 0) {
            count(size);
        }
    }

    private void count(int size) {
        stored += size;
        whenStored.accept(stored);
    }
}
