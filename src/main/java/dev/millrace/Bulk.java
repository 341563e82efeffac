package dev.millrace;

import dev.millrace.event.ValidationException;
import dev.millrace.store.Appends;
import dev.millrace.store.Draft;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * Appends a stream of any length in constant memory: in chunks, each of them one statement and one transaction. Used once,
 * by one thread.
 */
final class Bulk<I> {
    private final Function<I, Draft> draft;
    private final Consumer<List<Draft>> append;
    private final LongConsumer whenStored;
    private List<Draft> chunk = new ArrayList<>();
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
        }
    }

    private Draft drafted(I item) {
        long index = stored + chunk.size();
        if (item == null) {
            throw new NullPointerException("index %d: payload is null; %s".formatted(index, state()));
        }
        try {
            return draft.apply(item);
        } catch (ValidationException e) {
            Map<String, Object> details = new LinkedHashMap<>(e.details());
            details.put("index", index);
            details.put("stored", stored);
            var refusal =
                    new ValidationException("index %d: %s; %s".formatted(index, e.getMessage(), state()), details);
            refusal.initCause(e);
            throw refusal;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("index %d: %s; %s".formatted(index, e.getMessage(), state()), e);
        }
    }

    private String state() {
        return "the first %d were stored".formatted(stored);
    }

    private void add(Draft next) {
        if (Appends.isFull(chunk.size(), characters, next)) {
            flush();
        }
        chunk.add(next);
        characters += Appends.characters(next);
    }

    private void flush() {
        if (chunk.isEmpty()) {
            return;
        }
        append.accept(chunk);
        stored += chunk.size();
        chunk = new ArrayList<>(chunk.size());
        characters = 0;
        whenStored.accept(stored);
    }
}
