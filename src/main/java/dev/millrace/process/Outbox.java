package dev.millrace.process;

import dev.millrace.process.Settler.Fate;
import dev.millrace.store.SqlErrors;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers of one kind on their way into one statement, in order. What could not be written because the database is away is
 * kept; what the database refuses for what it says is found among the others and handed to {@link Kind#refused}. Adding is
 * thread-safe; flushing is confined to one thread.
 *
 * @param <A> the answers
 */
final class Outbox<A> {
    private static final Logger log = LoggerFactory.getLogger(Outbox.class);

    /** Answers in one statement: past a few hundred the time for each no longer falls (peers-measured, F). */
    private static final int GROUP = 1_000;

    /** Characters in one statement, so that a group of large answers does not multiply in memory. */
    private static final long CHARACTERS = 8 << 20;

    private final Kind<A> kind;
    private final ConcurrentLinkedDeque<Item<A>> queue = new ConcurrentLinkedDeque<>();

    Outbox(Kind<A> kind) {
        this.kind = kind;
    }

    /** One answer and who waits to hear of it. */
    record Item<A>(A answer, Consumer<Fate> owner) {}

    /** How one kind of answers is written. */
    interface Kind<A> {
        /** The event that an answer is about. */
        UUID id(A answer);

        /** About how many characters it takes in a statement. */
        long characters(A answer);

        /** Writes them, and says about which events it has. */
        Set<UUID> write(List<A> answers);

        /** The claims of these were lost, so they were not written. */
        void stale(List<A> answers);

        /** The database refused this one for what it says. */
        void refused(Item<A> item, RuntimeException error);
    }

    void add(A answer, Consumer<Fate> owner) {
        queue.add(new Item<>(answer, owner));
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    /** Forgets what has not been written; nobody hears. */
    void clear() {
        queue.clear();
    }

    /** Writes one group, if there is any; what it throws is not about what the answers say, and they are kept. */
    void flush() {
        List<Item<A>> group = new ArrayList<>();
        long characters = 0;
        while (group.size() < GROUP && characters < CHARACTERS) {
            Item<A> item = queue.poll();
            if (item == null) {
                break;
            }
            group.add(item);
            characters += kind.characters(item.answer());
        }
        if (!group.isEmpty()) {
            write(group);
        }
    }

    private void write(List<Item<A>> group) {
        Set<UUID> written;
        try {
            written = kind.write(group.stream().map(Item::answer).toList());
        } catch (RuntimeException e) {
            if (!isAboutTheAnswer(e)) {
                keep(group);
                throw e; // the loop reports it and pauses
            }
            findRefused(group, e);
            return;
        } catch (Error e) {
            keep(group);
            throw e;
        }
        tell(group, written);
    }

    /**
     * The database says so, or the statement could not even be made of it. A duplicate is one of an event that plain SQL has queued
     * although it has ended.
     */
    private static boolean isAboutTheAnswer(RuntimeException error) {
        return SqlErrors.isRefusedData(error) || SqlErrors.isDuplicate(error) || !SqlErrors.isFromDatabase(error);
    }

    private void findRefused(List<Item<A>> group, RuntimeException error) {
        if (group.size() == 1) {
            kind.refused(group.getFirst(), error);
            return;
        }
        for (int i = 0; i < group.size(); i++) {
            try {
                write(List.of(group.get(i)));
            } catch (RuntimeException | Error e) {
                keep(group.subList(i + 1, group.size())); // it has kept the one it threw for
                throw e;
            }
        }
    }

    private void keep(List<Item<A>> items) {
        items.reversed().forEach(queue::addFirst);
    }

    private void tell(List<Item<A>> group, Set<UUID> written) {
        List<A> stale = group.stream()
                .map(Item::answer)
                .filter(answer -> !written.contains(kind.id(answer)))
                .toList();
        if (!stale.isEmpty()) {
            kind.stale(stale);
        }
        for (Item<A> item : group) {
            UUID event = kind.id(item.answer());
            tell(item, event, written.contains(event) ? Fate.COMMITTED : Fate.STALE);
        }
    }

    private static void tell(Item<?> item, UUID event, Fate fate) {
        try {
            item.owner().accept(fate);
        } catch (RuntimeException | Error e) { // one owner must not keep the others from hearing
            log.error("event={} after its settlement", event, e);
        }
    }
}
