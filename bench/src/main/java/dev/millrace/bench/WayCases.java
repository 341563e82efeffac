package dev.millrace.bench;

import dev.millrace.bench.child.Way;
import java.io.IOException;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The ways to append, compared with each other: with unique keys and without, by the library and by SQL. */
final class WayCases {
    private static final int MANY = 1_000;

    private final Session session;
    private final Round round;

    WayCases(Session session) {
        this.session = session;
        this.round = new Round(session.probe());
    }

    /** What a unique key costs the one who appends: each event with a key of its own, against none with any. */
    void unique() throws IOException, InterruptedException, SQLException {
        String peer = "millrace, no keys";
        int single = session.plan().singleAppends(1);
        int many = session.plan().events();
        try (Team team = Team.start(session.launch(), Contender.MILLRACE, 1)) {
            run(Case.UNIQUE, team, "one by one", Way.UNIQUE, peer, Way.LIBRARY, single, 1);
            run(Case.UNIQUE, team, "1,000 at once", Way.UNIQUE, peer, Way.LIBRARY, many, MANY);
        }
    }

    /** What it costs to append without the library: the SQL functions and COPY. */
    void bySql() throws IOException, InterruptedException, SQLException {
        int single = session.plan().singleAppends(1);
        int many = session.plan().events();
        try (Team team = Team.start(session.launch(), Contender.MILLRACE, 1)) {
            run(
                    Case.SQL_APPEND,
                    team,
                    "append()",
                    Way.FUNCTION,
                    "one statement with two bare inserts",
                    Way.BARE,
                    single,
                    1);
            run(
                    Case.SQL_APPEND,
                    team,
                    "BEGIN, append(), COMMIT",
                    Way.FUNCTION_WITHIN,
                    "BEGIN, two bare inserts, COMMIT",
                    Way.BARE_WITHIN,
                    single,
                    1);
            run(
                    Case.SQL_APPEND,
                    team,
                    "append_many of 1,000",
                    Way.MANY,
                    "millrace, appendAll of 1,000",
                    Way.LIBRARY,
                    many,
                    MANY);
            run(
                    Case.SQL_APPEND,
                    team,
                    "COPY of 1,000",
                    Way.COPY,
                    "millrace, appendAll of 1,000",
                    Way.LIBRARY,
                    many,
                    MANY);
        }
    }

    private void run(Case of, Team team, String measure, Way ours, String peer, Way theirs, int events, int atOnce)
            throws IOException, InterruptedException, SQLException {
        String what = of.label() + ", " + measure;
        session.progress().accept(what + ", warming up");
        round.append(team, ours, Math.max(1, events / 2), atOnce);
        round.append(team, theirs, Math.max(1, events / 2), atOnce);
        List<Session.Both<Double>> rounds = session.inTurn(
                what, () -> round.append(team, ours, events, atOnce), () -> round.append(team, theirs, events, atOnce));
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("events", events);
        settings.put("clients", 1);
        session.tell(new Result(of, measure, peer, Session.pairs(rounds, rate -> rate), settings, null));
    }
}
