package dev.millrace.store;

import dev.millrace.event.AppendUnknownException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.ExistsException;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.Unique;
import dev.millrace.store.FlowLimits.FlowLimit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Puts events in of which some have unique keys. Which of them are stored, the database decides; so an append whose COMMIT
 * went unanswered first looks which of its events are there, and answers with those. Thread-safe.
 */
final class UniqueAppends {
    /** What append_unique answers, by its code. */
    private enum Answer {
        HELD,
        REPLACED,
        REFUSED,
        FULL,
        ASKED
    }

    /** An answer about one event, or with a number about all. */
    private record Verdict(@Nullable UUID id, @Nullable UUID holder, Answer answer, long number) {}

    private final Database database;
    private final Appends appends;
    private final FlowLimits limits;

    UniqueAppends(Database database, Appends appends, FlowLimits limits) {
        this.database = database;
        this.appends = appends;
        this.limits = limits;
    }

    /** Appends all or none in a transaction of its own; answers as {@link Appends#append}. */
    List<UUID> append(int flow, List<Draft> drafts, boolean bounded) {
        Appends.Tries tries = new Appends.Tries();
        for (boolean last = false; ; last = true) {
            try {
                List<UUID> answers = bounded ? null : unbounded(flow, drafts, tries);
                return answers != null
                        ? answers
                        : Objects.requireNonNull(database.inTransaction(tries.of(work(flow, drafts, true, tries))));
            } catch (RuntimeException e) {
                if (!tries.mayHaveCommitted()) {
                    throw e instanceof ConnectionException ? Appends.notStored(e) : Appends.translated(e);
                }
                if (e instanceof ConnectionException) {
                    throw new AppendUnknownException(Appends.ids(drafts), SqlErrors.reason(e), e);
                }
                if (last || !SqlErrors.isDuplicate(e, Appends.EVENT_KEY)) {
                    throw Appends.translated(e);
                }
                // An earlier try was committed after this one had looked. It sees that now.
            }
        }
    }

    /** Null if the flow has got a limit; then nothing was stored. */
    private @Nullable List<UUID> unbounded(int flow, List<Draft> drafts, Appends.Tries tries) {
        Function<Handle, @Nullable List<UUID>> work = tries.of(work(flow, drafts, false, tries));
        return batches(drafts).size() == 1 ? database.once(work) : database.inTransaction(work);
    }

    private Function<Handle, @Nullable List<UUID>> work(
            int flow, List<Draft> drafts, boolean bounded, Appends.Tries tries) {
        return handle -> insertAll(handle, flow, drafts, bounded, tries.mayHaveCommitted());
    }

    /** Appends all or none in the caller's transaction, which can go on after a refusal. */
    List<UUID> appendWithin(Handle handle, int flow, List<Draft> drafts, boolean bounded) {
        String savepoint = "millrace_append";
        boolean many = batches(drafts).size() > 1; // one statement takes back by itself what it refuses
        if (many) {
            handle.savepoint(savepoint);
        }
        try {
            List<UUID> answers = insertAll(handle, flow, drafts, bounded, false);
            return answers != null ? answers : Objects.requireNonNull(insertAll(handle, flow, drafts, true, false));
        } catch (ExistsException | QueueFullException e) {
            if (many) {
                handle.rollbackToSavepoint(savepoint);
            }
            throw e;
        } finally {
            if (many) {
                handle.releaseSavepoint(savepoint);
            }
        }
    }

    /**
     * Inserts what is not there yet.
     *
     * @param bounded whether the flow's limit is to be looked after
     * @param again whether an earlier try may have stored them
     * @return the answers; null if the flow has a limit that was not looked after, and then nothing was stored
     */
    private @Nullable List<UUID> insertAll(
            Handle handle, int flow, List<Draft> drafts, boolean bounded, boolean again) {
        Map<UUID, UUID> answers = new HashMap<>();
        if (again) {
            appends.same(handle, flow, drafts).forEach(own -> answers.put(own, own));
        }
        List<Draft> missing = drafts.stream()
                .filter(draft -> !answers.containsKey(draft.id()))
                .toList();
        boolean first = true;
        for (List<Draft> batch : batches(missing)) {
            FlowLimit limit = bounded ? limits.lock(handle, flow) : FlowLimit.NONE;
            for (Verdict verdict : insert(handle, flow, batch, bounded || !first, again, limit)) {
                switch (verdict.answer()) {
                    case HELD ->
                        answers.put(Objects.requireNonNull(verdict.id()), Objects.requireNonNull(verdict.holder()));
                    case REPLACED -> {} // stored, as others are
                    case REFUSED -> throw refusal(verdict);
                    case FULL -> throw limit.full(limit.pending() + verdict.number() - 1);
                    case ASKED -> first &= verdict.number() == 0;
                }
            }
            if (first) {
                return null;
            }
        }
        return drafts.stream()
                .map(draft -> answers.getOrDefault(draft.id(), draft.id()))
                .toList();
    }

    private static ExistsException refusal(Verdict verdict) {
        return new ExistsException(
                ("Item %s was not appended: item %s holds its unique key; nothing was stored. Append it when that has"
                                + " ended, or choose another onConflict")
                        .formatted(verdict.id(), verdict.holder()),
                Map.of("id", String.valueOf(verdict.id()), "holder", String.valueOf(verdict.holder())));
    }

    private List<Verdict> insert(
            Handle handle, int flow, List<Draft> drafts, boolean checked, boolean again, FlowLimit limit) {
        return appends.query(handle, "append_unique", flow, drafts, checked)
                .bind("keys", Binds.texts(drafts, draft -> of(draft, Unique::key)))
                .bind(
                        "scopes",
                        Binds.integers(
                                drafts,
                                draft ->
                                        of(draft, unique -> unique.scope().end().ordinal())))
                .bind("periods", Binds.doubles(drafts, UniqueAppends::period))
                .bind(
                        "conflicts",
                        Binds.integers(
                                drafts,
                                draft -> of(draft, unique -> unique.onConflict().ordinal())))
                .bind("again", again)
                .bind("room", limit.left())
                .map((row, context) -> new Verdict(
                        row.getObject("id", UUID.class),
                        row.getObject("holder", UUID.class),
                        Answer.values()[row.getInt("answer")],
                        row.getLong("place")))
                .list();
    }

    private static <V> @Nullable V of(Draft draft, Function<Unique, V> part) {
        Unique unique = draft.terms().unique();
        return unique == null ? null : part.apply(unique);
    }

    private static @Nullable Double period(Draft draft) {
        Unique unique = draft.terms().unique();
        return unique == null ? null : Settlements.seconds(unique.scope().period());
    }

    /**
     * One statement each: in none of them a key stands twice, so the second comes after the first has taken it. All that come first
     * go together, so that calls of the same few keys take them in one order, whatever theirs is. What comes after them is
     * hardly ever stored in its own right, so it is no matter that it stands behind others which it stood before.
     */
    private static List<List<Draft>> batches(List<Draft> drafts) {
        List<List<Draft>> rounds = new ArrayList<>();
        Map<String, Integer> asked = new HashMap<>();
        for (Draft draft : drafts) {
            Unique unique = draft.terms().unique();
            int round = unique == null ? 0 : asked.merge(unique.key(), 1, Integer::sum) - 1;
            if (round == rounds.size()) {
                rounds.add(new ArrayList<>());
            }
            rounds.get(round).add(draft);
        }
        return rounds.stream().flatMap(round -> Appends.batches(round).stream()).toList();
    }
}
