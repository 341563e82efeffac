package dev.millrace.store;

import dev.millrace.event.ExistsException;
import dev.millrace.event.OnConflict;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.Unique;
import dev.millrace.store.FlowLimits.FlowLimit;
import dev.millrace.store.Routine.Maybe;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Types;
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
    /** What the statements answer, by its code. */
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
                if (last || !tries.mayHaveCommitted() || !SqlErrors.isDuplicate(e, Appends.EVENT_KEY)) {
                    throw Appends.failed(e, drafts, tries.mayHaveCommitted());
                }
                // An earlier try was committed after this one had looked. It sees that now.
            }
        }
    }

    /** Null if the flow has got a limit; then nothing was stored. */
    private @Nullable List<UUID> unbounded(int flow, List<Draft> drafts, Appends.Tries tries) {
        Draft first = drafts.getFirst();
        if (drafts.size() == 1 && isSimple(first) && !first.hasOptions()) {
            Function<Connection, @Nullable List<UUID>> alone = connection -> alone(connection, flow, first, tries);
            return database.onceDirect(tries.of(alone));
        }
        Function<Handle, @Nullable List<UUID>> work = tries.of(work(flow, drafts, false, tries));
        return batches(drafts).size() == 1 && !Appends.hasOptions(drafts)
                ? database.once(work)
                : database.inTransaction(work);
    }

    /** Null if the flow has got a limit, or an earlier try may have stored it: then more is to be looked at than this one does. */
    private @Nullable List<UUID> alone(Connection connection, int flow, Draft draft, Appends.Tries tries) {
        if (tries.mayHaveCommitted()) {
            return null;
        }
        Map<UUID, UUID> answers = new HashMap<>();
        List<Verdict> verdicts = insertOne(connection, flow, draft, false, FlowLimit.NONE);
        return heed(verdicts, answers, FlowLimit.NONE) == 0
                ? null
                : List.of(answers.getOrDefault(draft.id(), draft.id()));
    }

    private Function<Handle, @Nullable List<UUID>> work(
            int flow, List<Draft> drafts, boolean bounded, Appends.Tries tries) {
        return handle -> insertAll(handle, flow, drafts, bounded, tries.mayHaveCommitted());
    }

    /** Appends all or none in the caller's transaction, which can go on after a refusal. */
    List<UUID> appendWithin(Handle handle, int flow, List<Draft> drafts, boolean bounded) {
        if (batches(drafts).size() == 1) { // one statement takes back by itself what it refuses
            return insertWithin(handle, flow, drafts, bounded);
        }
        try {
            Connection connection = handle.getConnection();
            Savepoint before = connection.setSavepoint();
            try {
                List<UUID> answers = insertWithin(handle, flow, drafts, bounded);
                connection.releaseSavepoint(before);
                return answers;
            } catch (ExistsException | QueueFullException e) { // any other error ends the transaction
                connection.rollback(before);
                connection.releaseSavepoint(before);
                throw e;
            }
        } catch (SQLException e) {
            throw SqlErrors.unchecked("no savepoint in the caller's transaction", e);
        }
    }

    private List<UUID> insertWithin(Handle handle, int flow, List<Draft> drafts, boolean bounded) {
        List<UUID> answers = insertAll(handle, flow, drafts, bounded, false);
        return answers != null ? answers : Objects.requireNonNull(insertAll(handle, flow, drafts, true, false));
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
            first &= heed(insert(handle, flow, batch, bounded || !first, again, limit), answers, limit) == 0;
            if (first) {
                return null;
            }
        }
        appends.keepOptions(
                handle,
                missing.stream()
                        .filter(draft -> !answers.containsKey(draft.id()))
                        .toList());
        return drafts.stream()
                .map(draft -> answers.getOrDefault(draft.id(), draft.id()))
                .toList();
    }

    /** Keeps who answers for whom, or refuses; says how many events were looked at. */
    private static long heed(List<Verdict> verdicts, Map<UUID, UUID> answers, FlowLimit limit) {
        long asked = 0;
        for (Verdict verdict : verdicts) {
            switch (verdict.answer()) {
                case HELD ->
                    answers.put(Objects.requireNonNull(verdict.id()), Objects.requireNonNull(verdict.holder()));
                case REPLACED -> {} // stored, as others are
                case REFUSED -> throw refusal(verdict);
                case FULL -> throw limit.full(limit.pending() + verdict.number() - 1);
                case ASKED -> asked = verdict.number();
            }
        }
        return asked;
    }

    private static ExistsException refusal(Verdict verdict) {
        return new ExistsException(
                ("event %s was not appended: event %s holds its unique key; nothing was stored. Append it when that has"
                                + " ended, or choose another onConflict")
                        .formatted(verdict.id(), verdict.holder()),
                Map.of("id", String.valueOf(verdict.id()), "holder", String.valueOf(verdict.holder())));
    }

    private List<Verdict> insert(
            Handle handle, int flow, List<Draft> drafts, boolean checked, boolean again, FlowLimit limit) {
        if (drafts.size() == 1 && isSimple(drafts.getFirst()) && !again) {
            return insertOne(handle.getConnection(), flow, drafts.getFirst(), checked, limit);
        }
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
                .map((row, context) -> verdict(row))
                .list();
    }

    /** Whether append_one_unique can store it. */
    private static boolean isSimple(Draft draft) {
        Unique unique = draft.terms().unique();
        return unique != null && unique.onConflict() != OnConflict.REPLACE_PENDING && draft.isPlain();
    }

    private List<Verdict> insertOne(Connection connection, int flow, Draft draft, boolean checked, FlowLimit limit) {
        Unique unique = Objects.requireNonNull(draft.terms().unique());
        Map<String, Object> all = new HashMap<>(Appends.values(flow, draft, checked));
        all.put("key", unique.key());
        all.put("scope", unique.scope().end().ordinal());
        all.put("period", new Maybe(Settlements.seconds(unique.scope().period()), Types.DOUBLE));
        all.put("conflict", unique.onConflict().ordinal());
        all.put("room", limit.left());
        return database.simple(connection, "append_one_unique", all, rows -> {
            List<Verdict> verdicts = new ArrayList<>();
            while (rows.next()) {
                verdicts.add(verdict(rows));
            }
            return verdicts;
        });
    }

    private static Verdict verdict(ResultSet row) throws SQLException {
        return new Verdict(
                row.getObject("id", UUID.class),
                row.getObject("holder", UUID.class),
                Answer.values()[row.getInt("answer")],
                row.getLong("place"));
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
