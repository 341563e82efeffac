package dev.millrace.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** Single appends, a transaction each, by one client and by eight. */
final class AppendCases {
    private final Session session;
    private final Round round;

    AppendCases(Session session) {
        this.session = session;
        this.round = new Round(session.probe());
    }

    void run(Sides sides) throws IOException, InterruptedException, SQLException {
        if (session.wants(Case.APPEND_1)) {
            run(Case.APPEND_1, 1, sides.ours(), sides.theirs());
        }
        if (session.wants(Case.APPEND_8)) {
            run(Case.APPEND_8, 8, sides.ours(), sides.theirs());
        }
    }

    private void run(Case of, int clients, Team ours, Team theirs)
            throws IOException, InterruptedException, SQLException {
        Contender peer = theirs.contender();
        int events = session.plan().singleAppends(clients);
        int theirEvents = peer.events(events);
        String what = of.label() + " against " + peer.label();
        session.progress().accept(what + ", warming up");
        round.append(ours, events / 2, clients);
        round.append(theirs, theirEvents / 2, clients);
        List<Session.Both<Double>> rounds = session.inTurn(
                what, () -> round.append(ours, events, clients), () -> round.append(theirs, theirEvents, clients));
        Map<String, Object> settings = Session.setUp(peer);
        settings.put("events", events);
        settings.put("clients", clients);
        session.tell(Result.of(of, peer.label(), Session.pairs(rounds, rate -> rate), settings));
    }
}
