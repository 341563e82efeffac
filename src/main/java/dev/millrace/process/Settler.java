package dev.millrace.process;

import dev.millrace.event.Errors;
import dev.millrace.event.EventStatus;
import dev.millrace.store.ChunkRow;
import dev.millrace.store.Hold;
import dev.millrace.store.ProgressRow;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Returned;
import dev.millrace.store.Settlements;
import dev.millrace.store.SqlErrors;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes how attempts ended, many in one statement: whatever has gathered while the last flush was under way goes into
 * the next, so a busy worker commits seldom and an idle one does not wait. Tells each attempt's owner after the commit.
 * While the database is away, endings are kept and tried again. Thread-safe; one for all executors of a Millrace.
 */
public final class Settler {
    private static final Logger log = LoggerFactory.getLogger(Settler.class);
    private static final Duration WHILE_IN_DOUBT = Duration.ofMillis(20);

    private final Settlements store;
    private final BooleanSupplier leaseIsSafe;
    private final LateResults late;
    private final Outbox<ChunkRow> chunks = new Outbox<>(new Chunks());
    private final Outbox<Returned> returned = new Outbox<>(new Returns());
    private final Outbox<Ended> ended = new Outbox<>(new Endings(this::failInstead));
    private final Outbox<Ended> failedInstead =
            new Outbox<>(new Endings((item, error) -> item.owner().accept(Fate.REFUSED)));
    private final ProgressDesk progress;
    private final DutyLoop loop;
    private volatile boolean flushing;

    /**
     * @param leaseIsSafe whether it may write now; while it may not, answers are kept
     * @param late takes the answers whose claims were lost
     */
    public Settler(Settlements store, BooleanSupplier leaseIsSafe, LateResults late, Troubles troubles) {
        this.store = store;
        this.leaseIsSafe = leaseIsSafe;
        this.late = late;
        this.progress = new ProgressDesk(store);
        this.loop = new DutyLoop("settler", this::cycle, troubles);
    }

    /** What became of an answer. */
    public enum Fate {
        /** Committed, by this try or by an earlier one. */
        COMMITTED,
        /** Committed as failed, since the database does not take the answer for what it says. */
        FAILED_INSTEAD,
        /** Refused: the claim was no longer this worker's. Nothing was written. */
        STALE,
        /** The database does not take it, for what it says. Nothing was written. */
        REFUSED
    }

    /** Takes an ending; the owner hears on the settler's thread, after the commit. */
    public void submit(Settlement answer, Consumer<Fate> owner) {
        boolean unused = progress.hurry(answer.hold(), fate -> {}); // before it: then the claim still is there
        switch (answer) {
            case Ended end -> ended.add(end, owner);
            case Returned back -> returned.add(back, owner);
        }
        wake();
    }

    /** Takes a chunk; the owner hears on the settler's thread, after the commit. */
    public void submit(ChunkRow chunk, Consumer<Fate> owner) {
        chunks.add(chunk, owner);
        wake();
    }

    /** Takes what a handler says of its progress; never waits, and nobody hears what becomes of it. */
    void submit(ProgressRow row) {
        if (progress.tell(row)) {
            wake();
        }
    }

    /** Waits until a claim's last word on its progress is written, if there is one that is not. */
    void awaitLastProgress(Hold hold) throws InterruptedException {
        CompletableFuture<Fate> written = new CompletableFuture<>();
        if (progress.hurry(hold, written::complete)) {
            wake();
            try {
                Fate unused = written.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException("the fate of a word is never an error", e);
            }
        }
    }

    /** Takes what a handler answered after its claim was known to be lost. */
    void tooLate(Settlement answer) {
        late.add(List.of(answer));
        wake();
    }

    private void wake() {
        if (!flushing) { // while it flushes it will look again by itself
            loop.wake();
        }
    }

    /** The loop that writes. */
    public DutyLoop loop() {
        return loop;
    }

    private Duration cycle() {
        if (!leaseIsSafe.getAsBoolean()) {
            return WHILE_IN_DOUBT;
        }
        flushing = true;
        try {
            flush();
        } finally {
            flushing = false;
        }
        return isEmpty() ? progress.untilDue(Duration.ofSeconds(1)) : Duration.ZERO;
    }

    private boolean isEmpty() {
        return chunks.isEmpty()
                && progress.isEmpty()
                && returned.isEmpty()
                && ended.isEmpty()
                && failedInstead.isEmpty()
                && late.isEmpty();
    }

    /** One group of each kind, whatever becomes of the others. */
    private void flush() {
        RuntimeException failure = null;
        for (Runnable flush : List.<Runnable>of(
                chunks::flush, progress::flush, returned::flush, ended::flush, failedInstead::flush, late::flush)) {
            try {
                flush.run();
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
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

    private static long length(@Nullable String... texts) {
        return Stream.of(texts)
                .mapToLong(text -> text == null ? 0 : text.length())
                .sum();
    }

    /** Endings for good. */
    private final class Endings implements Outbox.Kind<Ended> {
        private final BiConsumer<Outbox.Item<Ended>, RuntimeException> otherwise;

        /** @param otherwise what becomes of one that the database refuses */
        Endings(BiConsumer<Outbox.Item<Ended>, RuntimeException> otherwise) {
            this.otherwise = otherwise;
        }

        @Override
        public UUID id(Ended answer) {
            return answer.id();
        }

        @Override
        public long characters(Ended answer) {
            return length(answer.response(), answer.error());
        }

        @Override
        public Set<UUID> write(List<Ended> answers) {
            progress.drain(); // what their handlers said last was handed on before they were
            return fenced(answers, store.end(answers));
        }

        @Override
        public void stale(List<Ended> answers) {
            late.add(answers);
        }

        @Override
        public void refused(Outbox.Item<Ended> item, RuntimeException error) {
            log.error(
                    "event={} the database refused what came of it",
                    item.answer().id(),
                    error);
            otherwise.accept(item, error);
        }
    }

    /** Returns to pending. */
    private final class Returns implements Outbox.Kind<Returned> {
        @Override
        public UUID id(Returned answer) {
            return answer.id();
        }

        @Override
        public long characters(Returned answer) {
            return length(answer.error());
        }

        @Override
        public Set<UUID> write(List<Returned> answers) {
            progress.drain();
            return fenced(answers, store.giveBack(answers));
        }

        @Override
        public void stale(List<Returned> answers) {
            late.add(answers);
        }

        @Override
        public void refused(Outbox.Item<Returned> item, RuntimeException error) {
            Returned answer = item.answer();
            log.error("event={} the database refused its return to pending", answer.id(), error);
            failInstead(answer, answer.duration(), error, item.owner());
        }
    }

    /** Pieces of streams. */
    private final class Chunks implements Outbox.Kind<ChunkRow> {
        @Override
        public UUID id(ChunkRow chunk) {
            return chunk.id();
        }

        @Override
        public long characters(ChunkRow chunk) {
            return length(chunk.value());
        }

        @Override
        public Set<UUID> write(List<ChunkRow> answers) {
            return store.addChunks(answers);
        }

        @Override
        public void stale(List<ChunkRow> answers) {
            log.warn(
                    "event={} chunks={} of lost claims were refused",
                    answers.getFirst().id(),
                    answers.size());
        }

        @Override
        public void refused(Outbox.Item<ChunkRow> item, RuntimeException error) {
            log.error("event={} the database refused a chunk", item.answer().id(), error);
            item.owner().accept(Fate.REFUSED);
        }
    }

    private void failInstead(Outbox.Item<Ended> item, RuntimeException error) {
        failInstead(item.answer(), item.answer().duration(), error, item.owner());
    }

    /** What came of it cannot be stored: then it has failed for that. */
    private void failInstead(
            Settlement answer, @Nullable Duration duration, RuntimeException error, Consumer<Fate> owner) {
        var problem =
                new dev.millrace.event.ExecutionException("the answer could not be stored: " + SqlErrors.reason(error));
        String document = Errors.document(problem).toString();
        failedInstead.add(
                new Ended(answer.hold(), EventStatus.FAILED, duration, null, document, true),
                fate -> owner.accept(fate == Fate.COMMITTED ? Fate.FAILED_INSTEAD : fate));
    }
}
