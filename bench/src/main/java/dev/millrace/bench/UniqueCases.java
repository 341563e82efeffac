package dev.millrace.bench;

import dev.millrace.bench.child.Way;
import java.io.IOException;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a unique key costs the one who appends: each event with a key of its own, against none with any. */
final class UniqueCases {
    private static final int MANY = 1_000;

    private final Session session;
    private final Round round;

    UniqueCases(Session session) {
        this.session = session;
        this.round = new Round(session.probe());
    }

    void run() throws IOException, InterruptedException, SQLException {
        Plan plan = session.plan();
        try (Team team = Team.start(session.launch(), Contender.MILLRACE, 1)) {
            run(team, "one by one", plan.singleAppends(1), 1);
            run(team, "1,000 at once", plan.events(), MANY);
        }
    }

    private void run(Team team, String measure, int events, int atOnce)
            throws IOException, InterruptedException, SQLException {
        String what = "unique, " + measure;
        session.progress().accept(what + ", warming up");
        round.append(team, Way.UNIQUE, Math.max(1, events / 2), atOnce);
        round.append(team, Way.LIBRARY, Math.max(1, events / 2), atOnce);
        List<Session.Both<Double>> rounds = session.inTurn(
                what,
                () -> round.append(team, Way.UNIQUE, events, atOnce),
                () -> round.append(team, Way.LIBRARY, events, atOnce));
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("events", events);
        settings.put("clients", 1);
        session.tell(new Result(
                Case.UNIQUE, measure, "millrace, no keys", Session.pairs(rounds, rate -> rate), settings, null));
    }
}
