package dev.millrace.store;

import dev.millrace.event.ConfigurationException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * A session that listens, on a connection of its own beside the pool, and probes sent to it through the pool. Confined to one
 * thread, but for {@link #breakOff}.
 */
public final class Notifications implements AutoCloseable {
    /** Between looks whether sessions that this process gave up have ended. */
    private static final long REVIEW_MILLIS = 500;

    private static final Pattern BIND = Pattern.compile("(?<![:\\w]):(process|self)\\b");

    private final Database database;
    private final OwnConnection own;
    private final String self;
    private boolean open;

    /**
     * @param bound how long connecting, and any answer, may take
     * @param channel on which this process alone is told something
     */
    public Notifications(Database database, Duration bound, UUID channel) {
        this.self = channel.toString();
        this.database = database;
        this.own = new OwnConnection(
                new DirectConnections(database.dataSource(), database.sessions(), bound, true), bound);
    }

    /**
     * What was heard.
     *
     * @param own whether it was said to this process alone
     * @param text a flow's number, alone or with what was said of it; or the probe's, or an order
     */
    public record Heard(boolean own, String text) {}

    /** Whether there is a session that listens. */
    public boolean isOpen() {
        return open;
    }

    /**
     * Connects and listens.
     *
     * @throws ConfigurationException if that cannot work here, however often it is tried
     * @throws dev.millrace.event.ConnectionException if the database cannot be used now
     */
    public void open() {
        boolean listens = use(connection -> {
            if (!connection.isWrapperFor(PGConnection.class)) {
                throw new ConfigurationException("the pool's connections are not PostgreSQL's own");
            }
            int process = connection.unwrap(PGConnection.class).getBackendPID();
            String sql = BIND.matcher(database.sql("listen")).replaceAll("?");
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setInt(1, process);
                statement.setObject(2, UUID.fromString(self));
                try (ResultSet row = statement.executeQuery()) {
                    return row.next() && row.getBoolean(1);
                }
            }
        });
        if (!listens) {
            close();
            throw new ConfigurationException(
                    "a proxy stands between, which may change the session with every transaction");
        }
        open = true;
    }

    /** Says something to this listener, through the pool: from another session. */
    public void probe(String text) {
        String unused = database.onceOnly(handle -> handle.createQuery(database.sql("probe"))
                .bind("self", self)
                .bind("probe", text)
                .mapTo(String.class)
                .one());
    }

    /** Waits until something is heard; nothing if that takes longer. Only while open. */
    public List<Heard> await(Duration patience) {
        return use(connection -> {
            Sessions sessions = database.sessions();
            sessions.review(connection);
            long most = sessions.areGivenUp() ? REVIEW_MILLIS : patience.toMillis();
            int millis = Math.toIntExact(
                    Math.max(2, Math.min(most, patience.toMillis()))); // 1 would mean: what is there, see PromptSockets
            PGNotification[] heard = connection.unwrap(PGConnection.class).getNotifications(millis);
            return heard == null
                    ? List.<Heard>of()
                    : Arrays.stream(heard).map(this::heard).toList();
        });
    }

    private Heard heard(PGNotification notification) {
        return new Heard(notification.getName().equals(self), notification.getParameter());
    }

    private <R> R use(OwnConnection.Work<R> work) {
        try {
            return own.once(work);
        } catch (SQLException e) {
            open = false;
            throw SqlErrors.unchecked("cannot listen", e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Ends waiting and connecting under way with an error, from any thread. */
    public void breakOff() {
        own.breakOff();
    }

    /** Lets the connection go. */
    @Override
    public void close() {
        open = false;
        own.close();
    }
}
