package dev.millrace.store;

import dev.millrace.event.CallInterruptedException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.ExistsException;
import dev.millrace.event.OnConflict;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.Unique;
import dev.millrace.event.UniqueScope;
import dev.millrace.event.ValidationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Puts events in for a role that may append and see nothing ({@code millrace_append}): by the function for clients of other languages.
 * What was appended cannot be looked up then, so of an append whose COMMIT went unanswered the server is asked what became of its
 * transaction. Thread-safe.
 */
public final class FunctionAppends {
    private static final Pattern ID = Pattern.compile("event ([0-9a-f-]{36})");
    private static final Pattern SIZES = Pattern.compile("Queue size \\((\\d+)\\) exceeds max \\((\\d+)\\)");

    private final Database database;

    FunctionAppends(Database database) {
        this.database = database;
    }

    /** What the latest try has sent, if it may have been committed. Confined to one thread. */
    private final class Sent {
        private @Nullable String transaction;
        private List<UUID> answers = List.of();

        boolean isCommitted(Handle handle) {
            if (transaction == null) {
                return false;
            }
            String status = status(handle, transaction);
            if (status.equals("committed")) {
                return true;
            }
            if (!status.equals("aborted")) {
                throw new StatementFailed(
                        new SQLTransientConnectionException("an earlier try of this append is " + status, "08006"));
            }
            transaction = null;
            return false;
        }
    }

    private String status(Handle handle, String transaction) {
        try {
            return handle.createQuery(database.sql("transaction_status"))
                    .bind("transaction", transaction)
                    .mapTo(String.class)
                    .findOne()
                    .orElse("forgotten");
        } catch (RuntimeException e) {
            if (SqlErrors.isTransient(e)) {
                throw e;
            }
            return "not known to this server"; // as after a failover that lost it, or may have
        }
    }

    /** An id, and the transaction that has stored it, or met it. */
    private record Answer(UUID id, String transaction) {}

    /** Appends all or none in a transaction of its own; answers and throws as {@link Appends#append}. */
    public List<UUID> append(String flow, List<Draft> drafts) {
        Sent sent = new Sent();
        try {
            return database.inTransaction(handle -> {
                if (!sent.isCommitted(handle)) {
                    List<Answer> answers = insertAll(handle, flow, drafts);
                    sent.answers = answers.stream().map(Answer::id).toList();
                    sent.transaction = answers.getFirst().transaction();
                }
                return sent.answers;
            });
        } catch (RuntimeException e) {
            throw e instanceof ConnectionException || e instanceof CallInterruptedException
                    ? Appends.failed(e, drafts, sent.transaction != null)
                    : translated(e);
        }
    }

    /** Appends all or none in the caller's transaction, which can go on after a refusal. */
    public List<UUID> append(Connection connection, String flow, List<Draft> drafts) {
        CallersConnection.requireTransaction(connection);
        Savepoint before = savepoint(connection);
        try {
            List<Answer> answers = database.within(connection, handle -> insertAll(handle, flow, drafts));
            connection.releaseSavepoint(before);
            return answers.stream().map(Answer::id).toList();
        } catch (RuntimeException e) {
            takeBack(connection, before, e);
            CallersConnection.requireWritable(connection, e);
            throw translated(e);
        } catch (SQLException e) {
            throw SqlErrors.unchecked("the savepoint of an append could not be released", e);
        }
    }

    private static Savepoint savepoint(Connection connection) {
        try {
            return connection.setSavepoint();
        } catch (SQLException e) {
            throw SqlErrors.unchecked("no savepoint in the caller's transaction", e);
        }
    }

    private static void takeBack(Connection connection, Savepoint before, RuntimeException refused) {
        try {
            connection.rollback(before);
            connection.releaseSavepoint(before);
        } catch (SQLException e) {
            refused.addSuppressed(e); // the transaction is over
        }
    }

    private List<Answer> insertAll(Handle handle, String flow, List<Draft> drafts) {
        List<Answer> answers = new ArrayList<>(drafts.size());
        for (List<Draft> batch : Appends.batches(drafts)) {
            answers.addAll(insert(handle, flow, batch));
        }
        return answers;
    }

    private List<Answer> insert(Handle handle, String flow, List<Draft> drafts) {
        return handle.createQuery(database.sql("append_by_function"))
                .bind("flow", flow)
                .bind("ids", Binds.uuids(drafts, Draft::id))
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
                .bind("keys", Binds.texts(drafts, draft -> of(draft, Unique::key)))
                .bind(
                        "scopes",
                        Binds.texts(
                                drafts,
                                draft -> of(draft, unique -> name(unique.scope().end()))))
                .bind("periods", Binds.doubles(drafts, FunctionAppends::period))
                .bind("conflicts", Binds.texts(drafts, draft -> of(draft, unique -> name(unique.onConflict()))))
                .bind(
                        "max_crashes",
                        Binds.integers(drafts, draft -> draft.terms().maxCrashes()))
                .map((row, context) -> new Answer(row.getObject("id", UUID.class), row.getString("transaction")))
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

    private static String name(UniqueScope.End end) {
        return switch (end) {
            case CLAIM -> "pending";
            case SETTLEMENT -> "settled";
            case PERIOD -> "period";
            case NEVER -> "forever";
        };
    }

    private static String name(OnConflict choice) {
        return switch (choice) {
            case RETURN_EXISTING -> "return";
            case REPLACE_PENDING -> "replace";
            case FAIL -> "fail";
        };
    }

    /** What the function says by SQLSTATE, as docs/sql.md lists it, in the exceptions of the library. */
    private static RuntimeException translated(RuntimeException e) {
        SQLException refused = SqlErrors.find(e).orElse(null);
        if (refused == null || refused.getSQLState() == null) {
            return e;
        }
        String said = SqlErrors.messageOf(refused);
        return switch (refused.getSQLState()) {
            case "22023", "22004" ->
                said.contains(" refused at ") ? new ValidationException(said) : new IllegalArgumentException(said);
            case "25000" -> new IllegalArgumentException(said);
            case "23505" ->
                new ExistsException(said, found(said, SqlErrors.detail(e).orElse("")));
            case "MR001" -> new QueueFullException(said, sizes(said));
            default -> Appends.translated(e);
        };
    }

    private static Map<String, String> found(String said, String holder) {
        Matcher id = ID.matcher(said);
        return !id.find()
                ? Map.of()
                : holder.isEmpty() ? Map.of("id", id.group(1)) : Map.of("id", id.group(1), "holder", holder);
    }

    private static Map<String, Long> sizes(String said) {
        Matcher sizes = SIZES.matcher(said);
        return sizes.find()
                ? Map.of("queue_size", Long.valueOf(sizes.group(1)), "max_size", Long.valueOf(sizes.group(2)))
                : Map.of();
    }
}
