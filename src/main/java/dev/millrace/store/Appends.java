package dev.millrace.store;

import static java.util.Map.entry;

import dev.millrace.event.AppendUnknownException;
import dev.millrace.event.CallInterruptedException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.ExistsException;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.ValidationException;
import dev.millrace.store.Routine.Maybe;
import java.sql.Connection;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/**
 * Puts events in. Ids are made by the client, so an append whose COMMIT went unanswered is simply done again: if the
 * event is there already and is the same, it is the one that was appended. Thread-safe.
 */
public final class Appends {
    /** Rows in one statement: past about a thousand a larger statement gains nothing (peers-measured, F). */
    private static final int ROWS = 1_000;

    /** Payload characters in one statement, so that a batch of large payloads does not multiply in memory. */
    private static final int CHARACTERS = 8 << 20;

    /** A duplicate id meets whichever of the inserts in the statement comes first. */
    static final Set<String> EVENT_KEY =
            Set.of("event_pkey", "ready_pkey", "scheduled_pkey", "outcome_pkey", "unique_key_event_key");

    private static final Pattern KEY_IN_DETAIL = Pattern.compile("\\((?:id|event)\\)=\\(([0-9a-f-]{36})\\)");

    private final Database database;
    private final FlowLimits limits;
    private final UniqueAppends unique;
    private final Timekeeper time;

    /** The way into that database; what is appended for later is due by that clock. */
    public Appends(Database database, FlowLimits limits, Timekeeper time) {
        this.database = database;
        this.limits = limits;
        this.time = time;
        this.unique = new UniqueAppends(database, this, limits);
    }

    /**
     * Appends all or none, in a transaction of its own.
     *
     * @param bounded whether the flow is known to have a limit; one that got it since is noticed
     * @return for each draft the id of its event: its own, unless another has its unique key
     * @throws ExistsException if an id is taken, naming it, or a unique key, naming who has it
     * @throws QueueFullException if the flow would hold more than it may
     * @throws AppendUnknownException if the connection was lost and did not come back in time
     * @throws CallInterruptedException if the thread was interrupted while this waited
     */
    public List<UUID> append(int flow, List<Draft> drafts, boolean bounded) {
        if (drafts.stream().anyMatch(Draft::isUnique)) {
            return unique.append(flow, drafts, bounded);
        }
        List<List<Draft>> batches = batches(drafts);
        Tries tries = new Tries();
        try {
            boolean alone = batches.size() == 1 && !bounded && !hasOptions(drafts);
            if (!alone || insertAlone(tries, flow, drafts) == 0) {
                database.inTransaction(tries.of(handle -> insertAll(handle, flow, batches, bounded || alone)));
            }
        } catch (RuntimeException e) {
            // A duplicate is the unanswered try's own, if it is the same event; and that takes its own room.
            boolean mayBeOwn = SqlErrors.isDuplicate(e, EVENT_KEY) || e instanceof QueueFullException;
            if (!mayBeOwn || !tries.mayHaveCommitted() || !areStored(flow, drafts)) {
                throw failed(e, drafts, tries.mayHaveCommitted());
            }
        }
        return ids(drafts);
    }

    private boolean areStored(int flow, List<Draft> drafts) {
        try {
            return stored(flow, drafts).size() == drafts.size();
        } catch (ConnectionException | CallInterruptedException | IllegalStateException e) {
            throw failed(e, drafts, true);
        }
    }

    /** Why drafts were not appended, or that nobody knows whether they were. */
    static RuntimeException failed(RuntimeException error, List<Draft> drafts, boolean mayBeStored) {
        boolean closed = mayBeStored && error instanceof IllegalStateException; // between two statements
        if (closed || error instanceof ConnectionException) {
            return mayBeStored
                    ? new AppendUnknownException(ids(drafts), SqlErrors.reason(error), error)
                    : new ConnectionException(error.getMessage() + "; nothing was stored, repeat the call", error);
        }
        return error instanceof CallInterruptedException ? interrupted(error, drafts, mayBeStored) : translated(error);
    }

    private static CallInterruptedException interrupted(
            RuntimeException error, List<Draft> drafts, boolean mayBeStored) {
        return mayBeStored
                ? new CallInterruptedException(
                        "interrupted while appending, and it is not known whether the events were stored: append them again under the same ids (appendAbsent, Append.withId), which never makes a second one: %s"
                                .formatted(AppendUnknownException.named(ids(drafts))),
                        true,
                        ids(drafts),
                        error)
                : new CallInterruptedException(
                        "interrupted while waiting to append; nothing was stored, repeat the call. Last: "
                                + SqlErrors.reason(error),
                        false,
                        List.of(),
                        error);
    }

    private static List<UUID> ids(List<Draft> drafts) {
        return drafts.stream().map(Draft::id).toList();
    }

    /** Whether one of several tries may have been committed without an answer. Confined to one thread. */
    static final class Tries {
        private boolean unanswered;

        <H, R> Function<H, R> of(Function<H, R> work) {
            return handle -> {
                try {
                    R result = work.apply(handle);
                    unanswered = true; // if this is not the last that is heard of it, the COMMIT went unanswered
                    return result;
                } catch (RuntimeException e) {
                    unanswered |= SqlErrors.isUnanswered(e);
                    throw e;
                }
            };
        }

        boolean mayHaveCommitted() {
            return unanswered;
        }
    }

    /**
     * Appends all or none in the caller's transaction, which decides whether they ever were.
     *
     * @return as the other one
     */
    public List<UUID> append(Connection connection, int flow, List<Draft> drafts, boolean bounded) {
        CallersConnection.requireTransaction(connection);
        try {
            if (drafts.stream().anyMatch(Draft::isUnique)) {
                return database.within(connection, handle -> unique.appendWithin(handle, flow, drafts, bounded));
            }
            database.within(connection, handle -> insertAll(handle, flow, batches(drafts), bounded));
            return ids(drafts);
        } catch (RuntimeException e) {
            CallersConnection.requireWritable(connection, e);
            throw translated(e);
        }
    }

    private int insertAlone(Tries tries, int flow, List<Draft> drafts) {
        if (isOnePlain(drafts)) {
            Draft draft = drafts.getFirst();
            return database.onceDirect(tries.of((Connection connection) -> insertOne(connection, flow, draft, false)));
        }
        return database.once(tries.of(handle -> insert(handle, flow, drafts, false)));
    }

    private int insertAll(Handle handle, int flow, List<List<Draft>> batches, boolean bounded) {
        if (bounded) {
            limits.refuseOverflow(
                    handle, flow, batches.stream().mapToInt(List::size).sum());
        }
        int stored = 0;
        for (List<Draft> batch : batches) {
            stored += insert(handle, flow, batch, bounded || stored > 0);
            if (stored == 0) {
                return insertAll(handle, flow, batches, true);
            }
        }
        batches.forEach(batch -> keepOptions(handle, batch));
        return stored;
    }

    /** Whether one of them asks for something that takes a second statement. */
    static boolean hasOptions(List<Draft> drafts) {
        return drafts.stream().anyMatch(Draft::hasOptions);
    }

    /** Keeps what some of these ask for beside their facts; they must have been stored by the same transaction. */
    void keepOptions(Handle handle, List<Draft> stored) {
        List<Draft> asking = stored.stream().filter(Draft::hasOptions).toList();
        if (!asking.isEmpty()) {
            handle.createUpdate(database.sql("append_options"))
                    .bind("ids", Binds.uuids(asking, Draft::id))
                    .bind(
                            "max_crashes",
                            Binds.integers(asking, draft -> draft.terms().maxCrashes()))
                    .execute();
        }
    }

    /** The ids of those drafts that are stored already, with the same type and payload, in this flow. */
    public Set<UUID> stored(int flow, List<Draft> drafts) {
        return database.once(handle -> same(handle, flow, drafts));
    }

    Set<UUID> same(Handle handle, int flow, List<Draft> drafts) {
        return batches(drafts).stream()
                .flatMap(batch -> handle
                        .createQuery(database.sql("same_events"))
                        .bind("flow", flow)
                        .bind("ids", Binds.uuids(batch, Draft::id))
                        .bind("types", Binds.texts(batch, Draft::type))
                        .bind("payloads", Binds.texts(batch, Draft::payload))
                        .mapTo(UUID.class)
                        .list()
                        .stream())
                .collect(Collectors.toSet());
    }

    /**
     * Inserts one batch.
     *
     * @param checked whether the flow's limit has been looked after
     * @return how many were stored: all, or none because the flow has a limit
     */
    private int insert(Handle handle, int flow, List<Draft> drafts, boolean checked) {
        if (isOnePlain(drafts)) {
            return insertOne(handle.getConnection(), flow, drafts.getFirst(), checked);
        }
        return query(handle, "append", flow, drafts, checked)
                .mapTo(Integer.class)
                .one();
    }

    /** An inserting statement, with what it says of each event. */
    Query query(Handle handle, String statement, int flow, List<Draft> drafts, boolean checked) {
        return handle.createQuery(database.sql(statement))
                .bind("flow", flow)
                .bind("checked", checked)
                .bind("ids", Binds.uuids(drafts, Draft::id))
                .bind("lanes", Binds.integers(drafts, Draft::lane))
                .bind("types", Binds.texts(drafts, Draft::type))
                .bind("payloads", Binds.texts(drafts, Draft::payload))
                .bind("metadata", Binds.texts(drafts, Draft::metadata))
                .bind("priorities", Binds.doubles(drafts, draft -> draft.terms().priority()))
                .bind(
                        "timeouts",
                        Binds.doubles(
                                drafts,
                                draft -> Settlements.seconds(draft.terms().timeout())))
                .bind("deadlines", Binds.instants(drafts, draft -> draft.terms().deadline()))
                .bind("streaming", Binds.booleans(drafts, draft -> draft.terms().streaming()))
                .bind("run_at", Binds.instants(drafts, Draft::runAt))
                .bind("delays", Binds.doubles(drafts, draft -> Settlements.seconds(draft.delay())))
                .bind("now", Binds.text(time.moment()));
    }

    private static boolean isOnePlain(List<Draft> drafts) {
        return drafts.size() == 1 && drafts.getFirst().isPlain();
    }

    private int insertOne(Connection connection, int flow, Draft draft, boolean checked) {
        return database.simple(connection, "append_one", values(flow, draft, checked), rows -> rows.next() ? 1 : 0);
    }

    /** What a statement that inserts a single plain event says of it. */
    static Map<String, Object> values(int flow, Draft draft, boolean checked) {
        return Map.ofEntries(
                entry("flow", flow),
                entry("checked", checked),
                entry("id", draft.id()),
                entry("lane", draft.lane()),
                entry("type", draft.type()),
                entry("payload", draft.payload()),
                entry("metadata", draft.metadata()),
                entry("priority", new Maybe(draft.terms().priority(), Types.DOUBLE)),
                entry("timeout", new Maybe(Settlements.seconds(draft.terms().timeout()), Types.DOUBLE)),
                entry("streaming", draft.terms().streaming()));
    }

    /** Whether one statement has enough without that one. */
    public static boolean isFull(int rows, long characters, Draft next) {
        return rows > 0 && (rows == ROWS || characters + characters(next) > CHARACTERS);
    }

    /** What a draft adds to the length of a statement. */
    public static long characters(Draft draft) {
        return (long) draft.payload().length() + draft.metadata().length();
    }

    static List<List<Draft>> batches(List<Draft> drafts) {
        List<List<Draft>> batches = new ArrayList<>();
        int from = 0;
        long characters = 0;
        for (int i = 0; i < drafts.size(); i++) {
            Draft next = drafts.get(i);
            if (isFull(i - from, characters, next)) {
                batches.add(drafts.subList(from, i));
                from = i;
                characters = 0;
            }
            characters += characters(next);
        }
        if (from < drafts.size()) {
            batches.add(drafts.subList(from, drafts.size()));
        }
        return batches;
    }

    /** The database's refusal in our words. */
    static RuntimeException translated(RuntimeException e) {
        if (SqlErrors.isDuplicate(e, EVENT_KEY)) {
            Matcher key = KEY_IN_DETAIL.matcher(SqlErrors.detail(e).orElse(""));
            String id = key.find() ? key.group(1) : "of that id";
            return new ExistsException(
                    "event %s already exists; nothing was stored. Append it under another id".formatted(id),
                    Map.of("id", id));
        }
        return SqlErrors.isRefusedData(e)
                ? new ValidationException("the database refused the event, nothing was stored: " + SqlErrors.reason(e))
                : e;
    }
}
