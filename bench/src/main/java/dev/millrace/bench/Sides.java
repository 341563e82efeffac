package dev.millrace.bench;

import java.io.IOException;
import java.sql.SQLException;

/**
 * The processes of us and of one peer, started afresh for each peer so that neither side is warmer than the other.
 *
 * @param ours two, or one if no case needs two
 * @param theirs as many
 */
record Sides(Team ours, Team theirs) implements AutoCloseable {
    static Sides start(Session session, Contender peer) throws IOException, InterruptedException, SQLException {
        int processes = session.wants(Case.DRAIN_2, Case.PICKUP_IDLE, Case.PICKUP_BUSY) ? 2 : 1;
        Team ours = Team.start(session.launch(), Contender.MILLRACE, processes);
        try {
            return new Sides(ours, Team.start(session.launch(), peer, processes));
        } catch (IOException | InterruptedException | SQLException | RuntimeException e) {
            ours.close();
            throw e;
        }
    }

    /** One process of each side. */
    Sides alone() {
        return new Sides(ours.alone(), theirs.alone());
    }

    Contender peer() {
        return theirs.contender();
    }

    @Override
    public void close() {
        ours.close();
        theirs.close();
    }
}
