package dev.millrace.store;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The primary server that this process works on, known by the cluster's identifier and by the timeline that it writes: a
 * number that grows with each promotion of a standby. A server that writes an older timeline of the same cluster is a primary
 * that was replaced and lives on: what is written there is lost, so a session with it is refused. Thread-safe.
 */
final class Primary {
    /** A session with a primary that was replaced. Not one of PostgreSQL's codes. */
    static final String REPLACED = "08M01";

    private static final Logger log = LoggerFactory.getLogger(Primary.class);

    private volatile Runnable whenMoved = () -> {};
    private @Nullable Long cluster; // guarded by this; null until a server has said it
    private int timeline; // guarded by this; 0 until a server has said it

    /** Sets who hears, on the thread that has met it and before the session is used, that another history goes on. */
    void whenMoved(Runnable listener) {
        whenMoved = listener;
    }

    /**
     * Takes what a session says of its server.
     *
     * @param itsCluster the cluster's identifier; null if it is the one that is known
     * @throws SQLException if the server writes an older timeline than another one that was met
     */
    void meet(@Nullable Long itsCluster, int itsTimeline) throws SQLException {
        if (moves(itsCluster, itsTimeline)) {
            whenMoved.run();
        }
    }

    private synchronized boolean moves(@Nullable Long itsCluster, int itsTimeline) throws SQLException {
        boolean first = timeline == 0;
        boolean other = itsCluster != null && cluster != null && !cluster.equals(itsCluster);
        if (!first && !other && itsTimeline < timeline) {
            throw new SQLTransientConnectionException(
                    ("two primaries: this server writes timeline %d, and another server of the same cluster wrote timeline %d"
                                    + " before; the session is refused, nothing was done")
                            .formatted(itsTimeline, timeline),
                    REPLACED);
        }
        boolean moved = !first && (other || itsTimeline > timeline);
        if (moved) {
            log.warn(
                    "the database went from timeline {} to {}{}: a standby was promoted or a backup restored. Events that the server"
                            + " had acknowledged may be lost; the worker registers anew and drops what it holds",
                    timeline,
                    itsTimeline,
                    other ? " of another cluster" : "");
        }
        if (itsCluster != null) {
            cluster = itsCluster;
        }
        timeline = itsTimeline;
        return moved;
    }
}
