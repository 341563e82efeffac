package dev.millrace.bench;

import dev.millrace.bench.Round.Drained;
import java.io.IOException;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Drains by two processes, and of large events. */
final class MoreDrainCases {
    private static final int KILOBYTE = 1_000;

    private final Session session;
    private final Round round;

    MoreDrainCases(Session session) {
        this.session = session;
        this.round = new Round(session.probe());
    }

    void run(Sides sides) throws IOException, InterruptedException, SQLException {
        if (session.wants(Case.DRAIN_2)) {
            run(Case.DRAIN_2, sides, 2, 0);
        }
        if (session.wants(Case.DRAIN_1K)) {
            run(Case.DRAIN_1K, sides.alone(), 1, KILOBYTE);
        }
    }

    private void run(Case of, Sides sides, int processes, int bytes)
            throws IOException, InterruptedException, SQLException {
        Map<String, Object> settings = Session.setUp(sides.peer());
        settings.put("processes", processes);
        compare(of, sides.peer().label(), sides.ours(), sides.theirs(), bytes, settings);
    }

    /** Two processes of ours against one. */
    void twoAgainstOne(Team two) throws IOException, InterruptedException, SQLException {
        compare(
                Case.DRAIN_2,
                "millrace, 1 process",
                two,
                two.alone(),
                0,
                Map.of("our_setup", Contender.MILLRACE.configuration()));
    }

    private void compare(Case of, String against, Team ours, Team theirs, int bytes, Map<String, Object> settings)
            throws IOException, InterruptedException, SQLException {
        String what = of.label() + " against " + against;
        int events = session.plan().events();
        session.progress().accept(what + ", warming up");
        drain(ours, session.plan().warmUp(), bytes);
        drain(theirs, session.plan().warmUp(), bytes);
        var rounds = session.inTurn(what, () -> drain(ours, events, bytes), () -> drain(theirs, events, bytes));
        Map<String, Object> all = new LinkedHashMap<>(settings);
        all.put("events", events);
        session.tell(Result.of(of, against, Session.pairs(rounds, one -> one.events() / one.drainSeconds()), all));
    }

    private Drained drain(Team team, int events, int bytes) throws IOException, InterruptedException, SQLException {
        return round.drain(team, team.contender().events(events), bytes, bytes);
    }
}
