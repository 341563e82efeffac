package dev.millrace.bench;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is compared with ourselves: with a backlog and without, with a transaction held open and without; and the heap. */
final class OwnCases {
    private static final int BACKLOG = 10;
    private static final int HELD = 5;
    private static final int HEAP_MB = 256;

    private final Session session;
    private final Round round;
    private final int events;

    OwnCases(Session session) {
        this.session = session;
        this.round = new Round(session.probe());
        this.events = session.plan().events();
    }

    void run() throws IOException, InterruptedException, SQLException {
        if (session.wants(Case.DRAIN_2, Case.DRAIN_BACKLOG, Case.DRAIN_HELD)) {
            try (Team team = Team.start(session.launch(), Contender.MILLRACE, 2)) {
                round.drain(team.alone(), session.plan().warmUp(), 0, 0);
                if (session.wants(Case.DRAIN_2)) {
                    new MoreDrainCases(session).twoAgainstOne(team);
                }
                if (session.wants(Case.DRAIN_BACKLOG)) {
                    backlog(team.alone());
                }
                if (session.wants(Case.DRAIN_HELD)) {
                    held(team.alone());
                }
            }
        }
        if (session.wants(Case.UNIQUE)) {
            new WayCases(session).unique();
        }
        if (session.wants(Case.SQL_APPEND)) {
            new WayCases(session).bySql();
        }
        if (session.wants(Case.HEAP)) {
            heap();
        }
    }

    private void backlog(Team team) throws IOException, InterruptedException, SQLException {
        var rounds =
                session.inTurn("drain-backlog", () -> drainFirst(team, BACKLOG * events), () -> drainFirst(team, 0));
        Map<String, Object> settings = settings();
        settings.put("events", events);
        settings.put("behind", BACKLOG * events);
        session.tell(
                Result.of(Case.DRAIN_BACKLOG, "millrace, none behind", Session.pairs(rounds, rate -> rate), settings));
    }

    private static Map<String, Object> settings() throws IOException {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("our_setup", Contender.MILLRACE.configuration());
        return settings;
    }

    /**
     * Drains until so many handlers have started, whatever else is pending behind them.
     *
     * @return events a second: those done at one moment, by the time until then
     */
    private double drainFirst(Team team, int behind) throws IOException, InterruptedException, SQLException {
        Probe probe = session.probe();
        probe.empty(Contender.MILLRACE);
        team.first().ask("bulk 0 " + events + " 0");
        if (behind > 0) {
            team.first().ask("bulk " + events + " " + behind + " 0");
        }
        probe.analyze(Contender.MILLRACE);
        team.arm(false, 0);
        long began = System.nanoTime();
        team.go();
        Round.await(team, events);
        double seconds;
        long done;
        do {
            seconds = (System.nanoTime() - began) / 1e9;
            done = probe.done(); // as of the moment it begins to count
        } while (done < events);
        long handled = team.halt();
        Probe.State end = probe.state(Contender.MILLRACE);
        Round.check(
                Contender.MILLRACE,
                end.done().orElse(-1L) == handled && end.left() == events + behind - handled,
                "handled " + handled + " of " + (events + behind) + ", and the database has " + end);
        return done / seconds;
    }

    /** How fast a long drain was, and how its end compares with its beginning. */
    private record Course(double rate, double first, double last) {}

    private void held(Team team) throws IOException, InterruptedException, SQLException {
        List<Session.Both<Course>> rounds =
                session.inTurn("drain-held", () -> course(team, true), () -> course(team, false));
        Map<String, Object> settings = settings();
        settings.put("events", HELD * events);
        session.tell(Result.of(
                Case.DRAIN_HELD, "millrace, no transaction open", Session.pairs(rounds, Course::rate), settings));
        List<Pair> ends = rounds.stream()
                .map(one -> new Pair(one.ours().last(), one.ours().first()))
                .toList();
        session.tell(
                new Result(Case.DRAIN_HELD, "last " + events, "millrace, the first " + events, ends, settings, null));
    }

    private Course course(Team team, boolean held) throws IOException, InterruptedException, SQLException {
        Probe probe = session.probe();
        int all = HELD * events;
        probe.empty(Contender.MILLRACE);
        try (Connection snapshot = probe.another()) {
            if (held) {
                Probe.hold(snapshot);
            }
            team.first().ask("bulk 0 " + all + " 0");
            probe.analyze(Contender.MILLRACE);
            team.arm(false, 0);
            long began = System.nanoTime();
            team.go();
            Round.await(team, events);
            double first = (System.nanoTime() - began) / 1e9;
            Round.await(team, all - events);
            double beforeLast = (System.nanoTime() - began) / 1e9;
            Round.await(team, all);
            round.awaitNone(Contender.MILLRACE);
            double whole = (System.nanoTime() - began) / 1e9;
            round.end(team, all);
            return new Course(all / whole, events / first, events / (whole - beforeLast));
        }
    }

    private void heap() throws IOException, InterruptedException, SQLException {
        int all = BACKLOG * events;
        session.progress().accept("heap: " + all + " events with -Xmx" + HEAP_MB + "m");
        try (Team team = Team.of(Contender.MILLRACE, session.launch().start(Contender.MILLRACE, HEAP_MB))) {
            round.drain(team, all, 0, 0);
            double peak = Double.parseDouble(team.first().ask("heap")) / (1 << 20);
            Map<String, Object> settings = settings();
            settings.put("events", all);
            settings.put("xmx_mb", HEAP_MB);
            session.tell(
                    Result.of(Case.HEAP, "limit of " + HEAP_MB + " MB", List.of(new Pair(peak, HEAP_MB)), settings));
        }
    }
}
