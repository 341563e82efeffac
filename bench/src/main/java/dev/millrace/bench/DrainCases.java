package dev.millrace.bench;

import dev.millrace.bench.Round.Drained;
import dev.millrace.bench.Session.Both;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The cases that one kind of round answers together: append in bulk, drain, and what that costs the server. */
final class DrainCases {
    private static final Case[] CASES = {Case.BULK, Case.DRAIN, Case.WAL, Case.CPU};

    private final Session session;
    private final Round round;

    DrainCases(Session session) {
        this.session = session;
        this.round = new Round(session.probe());
    }

    void run(Sides sides) throws IOException, InterruptedException, SQLException {
        if (!session.wants(CASES)) {
            return;
        }
        Plan plan = session.plan();
        Sides alone = sides.alone();
        String what = "drain against " + sides.peer().label();
        session.progress().accept(what + ", warming up");
        drain(alone.ours(), plan.warmUp());
        drain(alone.theirs(), plan.warmUp());
        tell(
                sides.peer(),
                session.inTurn(
                        what, () -> drain(alone.ours(), plan.events()), () -> drain(alone.theirs(), plan.events())));
    }

    private Drained drain(Team team, int events) throws IOException, InterruptedException, SQLException {
        return round.drain(team, team.contender().events(events), 0, 0);
    }

    private void tell(Contender peer, List<Both<Drained>> rounds) throws IOException {
        tell(Case.BULK, peer, rounds, one -> one.events() / one.bulkSeconds());
        tell(Case.DRAIN, peer, rounds, one -> one.events() / one.drainSeconds());
        tell(
                Case.WAL,
                peer,
                rounds,
                one -> one.perEvent(one.bulk().walBytes() + one.drain().walBytes()));
        boolean seen = rounds.getFirst().ours().drain().serverSeconds().isPresent();
        if (seen) {
            tell(
                    Case.CPU,
                    peer,
                    rounds,
                    one -> one.perEvent(1e6 * (serverSeconds(one.bulk()) + serverSeconds(one.drain()))));
        } else {
            session.tell(Result.skipped(Case.CPU, peer.label(), "the server's processes cannot be seen from here"));
        }
    }

    private static double serverSeconds(Round.Cost cost) {
        return cost.serverSeconds().orElse(Double.NaN);
    }

    private void tell(Case of, Contender peer, List<Both<Drained>> rounds, ToDoubleFunction<Drained> figure)
            throws IOException {
        Map<String, Object> settings = Session.setUp(peer);
        Both<Drained> last = rounds.getLast();
        settings.put("events", last.ours().events());
        if (last.theirs().events() != last.ours().events()) {
            settings.put("their_events", last.theirs().events());
        }
        if (of == Case.WAL || of == Case.CPU) {
            parts(of, "our", last.ours(), settings);
            parts(of, "their", last.theirs(), settings);
        }
        session.tell(Result.of(of, peer.label(), Session.pairs(rounds, figure), settings));
    }

    /** How a cost divides, in the last round. */
    private static void parts(Case of, String whose, Drained one, Map<String, Object> settings) {
        if (of == Case.WAL) {
            settings.put(whose + "_bulk", Math.round(one.perEvent(one.bulk().walBytes())));
            settings.put(whose + "_drain", Math.round(one.perEvent(one.drain().walBytes())));
        } else {
            settings.put(whose + "_bulk", tenths(one.perEvent(1e6 * serverSeconds(one.bulk()))));
            settings.put(whose + "_drain", tenths(one.perEvent(1e6 * serverSeconds(one.drain()))));
            settings.put(
                    whose + "_client_drain",
                    tenths(one.perEvent(1e6 * one.drain().clientSeconds())));
        }
    }

    private static double tenths(double value) {
        return Math.round(value * 10) / 10.0;
    }
}
