package dev.millrace.bench;

import dev.millrace.bench.child.Way;
import java.io.IOException;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What it costs to append without the library: the SQL functions and COPY. */
final class SqlCases {
    private static final int MANY = 1_000;

    private final Session session;
    private final Round round;

    SqlCases(Session session) {
        this.session = session;
        this.round = new Round(session.probe());
    }

    void run() throws IOException, InterruptedException, SQLException {
        int single = session.plan().singleAppends(1);
        int many = session.plan().events();
        try (Team team = Team.start(session.launch(), Contender.MILLRACE, 1)) {
            run(team, "append()", Way.FUNCTION, "one statement with two bare inserts", Way.BARE, single, 1);
            run(
                    team,
                    "BEGIN, append(), COMMIT",
                    Way.FUNCTION_WITHIN,
                    "BEGIN, two bare inserts, COMMIT",
                    Way.BARE_WITHIN,
                    single,
                    1);
            run(team, "append_many of 1,000", Way.MANY, "millrace, appendAll of 1,000", Way.LIBRARY, many, MANY);
            run(team, "COPY of 1,000", Way.COPY, "millrace, appendAll of 1,000", Way.LIBRARY, many, MANY);
        }
    }

    private void run(Team team, String measure, Way ours, String peer, Way theirs, int events, int atOnce)
            throws IOException, InterruptedException, SQLException {
        String what = "sql-append, " + measure;
        session.progress().accept(what + ", warming up");
        round.append(team, ours, Math.max(1, events / 2), atOnce);
        round.append(team, theirs, Math.max(1, events / 2), atOnce);
        List<Session.Both<Double>> rounds = session.inTurn(
                what, () -> round.append(team, ours, events, atOnce), () -> round.append(team, theirs, events, atOnce));
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("events", events);
        settings.put("clients", 1);
        session.tell(new Result(Case.SQL_APPEND, measure, peer, Session.pairs(rounds, rate -> rate), settings, null));
    }
}
