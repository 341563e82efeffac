package dev.millrace.process;

import dev.millrace.event.Errors;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExecutionException;
import dev.millrace.store.ChunkRow;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Returned;
import dev.millrace.store.Settlements;
import dev.millrace.store.SqlErrors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes how attempts ended, many in one statement: whatever has gathered while the last flush was under way goes into
 * the next, so a busy worker commits seldom and an idle one does not wait. Tells each attempt's owner after the commit.
 * While the database is away, endings are kept and tried again. Thread-safe; one for all executors of a Millrace.
 */
public final class Settler implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Settler.class);

    /** Answers in one statement: past a few hundred the time for each no longer falls (peers-measured, F). */
    private static final int GROUP = 1_000;

    private static final Duration WHILE_IN_DOUBT = Duration.ofMillis(20);

    private final Settlements store;
    private final BooleanSupplier leaseIsSafe;
    private final Group<ChunkRow> chunks;
    private final Group<Returned> returned;
    private final Group<Ended> ended;
    private final DutyLoop loop = new DutyLoop("settler", this::flush);
    private volatile boolean flushing;

    /** @param leaseIsSafe whether it may write now; while it may not, answers are kept */
    public Settler(Settlements store, BooleanSupplier leaseIsSafe) {
        this.store = store;
        this.leaseIsSafe = leaseIsSafe;
        this.chunks = new Group<>(ChunkRow::id, store::addChunks);
        this.returned = new Group<>(Returned::id, answers -> fenced(answers, store.giveBack(answers)));
        this.ended = new Group<>(Ended::id, answers -> fenced(answers, store.end(answers)));
    }

    /** What became of an answer. */
    public enum Fate {
        /** Committed, by this try or by an earlier one. */
        COMMITTED,
        /** Refused: the claim was no longer this worker's. Nothing was written. */
        STALE
    }

    /** Starts flushing; may be called again. */
    public void start() {
        loop.start();
    }

    /** Takes an ending; the owner hears on the settler's thread, after the commit. */
    public void submit(Settlement answer, Consumer<Fate> owner) {
        switch (answer) {
            case Ended end -> ended.queue.add(new Item<>(end, owner));
            case Returned back -> returned.queue.add(new Item<>(back, owner));
        }
        wake();
    }

    /** Takes a chunk; the owner hears on the settler's thread, after the commit. */
    public void submit(ChunkRow chunk, Consumer<Fate> owner) {
        chunks.queue.add(new Item<>(chunk, owner));
        wake();
    }

    private void wake() {
        if (!flushing) { // while it flushes it will look again by itself
            loop.wake();
        }
    }

    /** Ends the thread and flushes what is left, as far as the database lets it. */
    @Override
    public void close() {
        loop.close();
        try {
            flush();
        } catch (RuntimeException e) {
            log.warn("unsettled at close; the claims stay until the lease ends", e);
        }
    }

    private Duration flush() {
        if (!leaseIsSafe.getAsBoolean()) {
            return WHILE_IN_DOUBT;
        }
        flushing = true;
        try {
            chunks.flush();
            returned.flush();
            ended.flush();
        } finally {
            flushing = false;
        }
        boolean more = !(chunks.queue.isEmpty() && returned.queue.isEmpty() && ended.queue.isEmpty());
        return more ? Duration.ZERO : Duration.ofSeconds(1);
    }

    /** After a refusal, tells a lost claim from an own ending whose acknowledgement was lost. */
    private Set<UUID> fenced(List<? extends Settlement> answers, Set<UUID> done) {
        List<? extends Settlement> refused =
                answers.stream().filter(answer -> !done.contains(answer.id())).toList();
        if (!refused.isEmpty()) {
            done.addAll(store.endedBefore(refused));
        }
        return done;
    }

    /** One answer and who waits for it. */
    private record Item<A>(A answer, Consumer<Fate> owner) {}

    /** The answers of one kind, which one statement writes. */
    private final class Group<A> {
        private final ConcurrentLinkedQueue<Item<A>> queue = new ConcurrentLinkedQueue<>();
        private final Function<A, UUID> id;
        private final Function<List<A>, Set<UUID>> statement;

        Group(Function<A, UUID> id, Function<List<A>, Set<UUID>> statement) {
            this.id = id;
            this.statement = statement;
        }

        void flush() {
            List<Item<A>> items = new ArrayList<>();
            Item<A> item;
            while (items.size() < GROUP && (item = queue.poll()) != null) {
                items.add(item);
            }
            if (!items.isEmpty()) {
                write(items);
            }
        }

        private void write(List<Item<A>> items) {
            Set<UUID> done;
            try {
                done = statement.apply(items.stream().map(Item::answer).toList());
            } catch (RuntimeException e) {
                afterFailure(items, e);
                return;
            }
            for (Item<A> item : items) {
                UUID event = id.apply(item.answer());
                if (done.contains(event)) {
                    tell(item, Fate.COMMITTED);
                } else {
                    log.warn("event={} stale: the claim was lost before this could be written; nothing was", event);
                    tell(item, Fate.STALE);
                }
            }
        }

        /** The database is away: keep them. Or it refused one of them: find out which, and fail that one alone. */
        private void afterFailure(List<Item<A>> items, RuntimeException error) {
            if (SqlErrors.isTransient(error)) {
                queue.addAll(items);
                throw error; // the loop logs it and pauses
            }
            if (items.size() > 1) {
                items.forEach(item -> write(List.of(item)));
                return;
            }
            Item<A> item = items.getFirst();
            log.error("event={} the database refused what its handler answered", id.apply(item.answer()), error);
            if (item.answer() instanceof Ended end && end.status() == EventStatus.COMPLETED) {
                ended.queue.add(new Item<>(unstorable(end, error), item.owner()));
            } else {
                tell(item, Fate.STALE); // its claim stays until the lease ends
            }
        }

        private void tell(Item<A> item, Fate fate) {
            try {
                item.owner().accept(fate);
            } catch (RuntimeException e) { // one owner must not keep the others from hearing
                log.error("event={} after its settlement", id.apply(item.answer()), e);
            }
        }
    }

    private static Ended unstorable(Ended end, RuntimeException error) {
        var problem = new ExecutionException("the response could not be stored: " + SqlErrors.reason(error));
        String document = Errors.document(problem).toString();
        return new Ended(end.hold(), EventStatus.FAILED, end.duration(), null, document, true);
    }
}
