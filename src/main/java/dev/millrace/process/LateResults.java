package dev.millrace.process;

import dev.millrace.event.EventStatus;
import dev.millrace.event.LateResult;
import dev.millrace.process.Settler.Fate;
import dev.millrace.store.Hold;
import dev.millrace.store.LateAnswer;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Returned;
import dev.millrace.store.Settlements;
import dev.millrace.store.SqlErrors;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers whose claims were lost before they could be written: counted, logged, offered to a listener, and noted at the
 * lost attempts as far as the database lets it. Adding and counting are thread-safe; flushing is confined to one thread.
 */
public final class LateResults {
    private static final Logger log = LoggerFactory.getLogger(LateResults.class);

    private final AtomicLong count = new AtomicLong();
    private final Announcer<LateResult> listener;
    private final Outbox<LateAnswer> notes;

    /** @param listener hears of each, on a thread of its own */
    public LateResults(Settlements store, Consumer<? super LateResult> listener) {
        this.listener = new Announcer<>(
                listener, Announcer.WAITING, late -> new LogContext(late.event(), null, null, late.attempt()));
        this.notes = new Outbox<>(new Notes(store));
    }

    /** How many there have been. */
    public long count() {
        return count.get();
    }

    void add(List<? extends Settlement> refused) {
        List<? extends Settlement> answers =
                refused.stream().filter(LateResults::isAnswer).toList();
        if (answers.isEmpty()) {
            return;
        }
        count.addAndGet(answers.size());
        log.warn(
                "stale={} answers came after their claims were lost, nothing was written; the first: event={} attempt={}",
                answers.size(),
                answers.getFirst().id(),
                answers.getFirst().hold().attempt());
        for (Settlement answer : answers) {
            LateAnswer note = note(answer);
            notes.add(note, Notes.NOBODY);
            Hold hold = answer.hold();
            listener.offer(new LateResult(hold.id(), hold.worker(), hold.attempt(), note.status()));
        }
    }

    /** Not one that a stopping worker gave back, or that never ran: what became of those nobody decided. */
    private static boolean isAnswer(Settlement settlement) {
        return !(settlement instanceof Returned back)
                || back.reason() == Reason.RETRY
                || back.reason() == Reason.SNOOZE
                || back.reason() == Reason.CANCELLED;
    }

    private static LateAnswer note(Settlement answer) {
        return switch (answer) {
            case Ended end -> new LateAnswer(end.hold(), end.status(), end.error(), length(end.response()));
            case Returned back -> new LateAnswer(back.hold(), EventStatus.PENDING, back.error(), null);
        };
    }

    private static @Nullable Integer length(@Nullable String response) {
        return response == null ? null : response.length();
    }

    boolean isEmpty() {
        return notes.isEmpty();
    }

    /** Notes one group. What the database will not take now or ever must not hold up the answers that count. */
    void flush() {
        try {
            notes.flush();
        } catch (RuntimeException e) {
            if (SqlErrors.isTransient(e)) {
                throw e;
            }
            notes.clear();
            log.warn("late answers could not be noted, and are not tried again", e);
        }
    }

    /** Notes at lost attempts. */
    private record Notes(Settlements store) implements Outbox.Kind<LateAnswer> {
        static final Consumer<Fate> NOBODY = fate -> {};

        @Override
        public UUID id(LateAnswer note) {
            return note.hold().id();
        }

        @Override
        public long characters(LateAnswer note) {
            String error = note.error();
            return error == null ? 0 : error.length();
        }

        @Override
        public Set<UUID> write(List<LateAnswer> answers) {
            return store.noteLate(answers);
        }

        @Override
        public void stale(List<LateAnswer> answers) {
            log.debug("notes={} found no lost attempt to be kept at", answers.size());
        }

        @Override
        public void refused(Outbox.Item<LateAnswer> item, RuntimeException error) {
            log.warn(
                    "event={} a late answer could not be noted",
                    item.answer().hold().id(),
                    error);
        }
    }
}
