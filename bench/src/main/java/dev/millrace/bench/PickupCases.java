package dev.millrace.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;

/**
 * How soon an event runs: from the acknowledgement of its append to the start of its handler. The one appends, another
 * process works; but where a contender is at its best in one process, both sides are measured so.
 */
final class PickupCases {
    private static final long SETTLING = TimeUnit.SECONDS.toNanos(1);
    private static final int IDLE_MICROS = 20_000;
    private static final int BUSY_MICROS = 1_000;

    private final Session session;
    private final Round round;

    PickupCases(Session session) {
        this.session = session;
        this.round = new Round(session.probe());
    }

    void run(Sides sides) throws IOException, InterruptedException, SQLException {
        if (session.wants(Case.PICKUP_IDLE)) {
            run(Case.PICKUP_IDLE, session.plan().idlePings(), IDLE_MICROS, sides);
        }
        if (session.wants(Case.PICKUP_BUSY)) {
            run(Case.PICKUP_BUSY, session.plan().busyPings(), BUSY_MICROS, sides);
        }
    }

    private void run(Case of, int pings, int micros, Sides sides)
            throws IOException, InterruptedException, SQLException {
        Contender peer = sides.peer();
        if (peer == Contender.SQL) {
            session.tell(Result.skipped(of, peer.label(), "the floor looks every millisecond, and waits for nothing"));
            return;
        }
        boolean apart = peer != Contender.DB_SCHEDULER; // whose immediate execution is for the same process
        Team ours = sides.ours().alone();
        Team theirs = sides.theirs().alone();
        Child us = apart ? sides.ours().second() : ours.first();
        Child them = apart ? sides.theirs().second() : theirs.first();
        String what = of.label() + " against " + peer.label();
        session.progress().accept(what + ", warming up");
        measure(ours, us, pings / 4 + 1, micros);
        measure(theirs, them, pings / 4 + 1, micros);
        var rounds = session.inTurn(
                what, () -> measure(ours, us, pings, micros), () -> measure(theirs, them, pings, micros));
        Map<String, Object> settings = Session.setUp(peer);
        settings.put("appends", pings);
        settings.put("interval_us", micros);
        settings.put("appending", apart ? "in a process of its own" : "in the worker's process");
        tell(of, "p50", peer, rounds, Latencies::p50, settings);
        tell(of, "p95", peer, rounds, Latencies::p95, settings);
        tell(of, "p99", peer, rounds, Latencies::p99, settings);
    }

    private void tell(
            Case of,
            String measure,
            Contender peer,
            List<Session.Both<Latencies>> rounds,
            ToDoubleFunction<Latencies> figure,
            Map<String, Object> settings) {
        session.tell(new Result(of, measure, peer.label(), Session.pairs(rounds, figure), settings, null));
    }

    private Latencies measure(Team workers, Child appender, int pings, int micros)
            throws IOException, InterruptedException, SQLException {
        session.probe().empty(workers.contender());
        workers.arm(true, 0);
        workers.go();
        LockSupport.parkNanos(SETTLING); // until they have found that there is nothing to do
        String acknowledged = appender.ask("ping " + pings + " " + micros);
        Round.await(workers, pings);
        round.awaitNone(workers.contender());
        String started = workers.first().ask("starts");
        round.end(workers, pings);
        return Latencies.between(acknowledged, started);
    }
}
