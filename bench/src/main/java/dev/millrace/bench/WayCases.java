package dev.millrace.bench;

import dev.millrace.bench.child.Way;
import java.io.IOException;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
            oneByOne(team, "", single);
            Optional<String> obstacle = Cores.obstacle(session.probe().server());
            if (obstacle.isPresent()) {
                session.tell(Result.skipped(Case.SQL_APPEND, "cores apart", obstacle.get()));
            } else {
                Cores.apart(
                        session.probe().server().orElseThrow(),
                        team.first().pid(),
                        () -> oneByOne(team, ", cores apart", single));
            }
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

    /** An event a transaction, against rows in two tables: what one would write instead of calling append(). */
    private void oneByOne(Team team, String where, int single) throws IOException, InterruptedException, SQLException {
        String within = "BEGIN, two bare inserts, COMMIT";
        String statement = "one statement with two bare inserts";
        run(Case.SQL_APPEND, team, "append()" + where, Way.FUNCTION, statement, Way.BARE, single, 1);
        run(Case.SQL_APPEND, team, "append()" + where, Way.FUNCTION, within, Way.BARE_WITHIN, single, 1);
        String ours = "BEGIN, append(), COMMIT" + where;
        run(Case.SQL_APPEND, team, ours, Way.FUNCTION_WITHIN, within, Way.BARE_WITHIN, single, 1);
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
