package dev.millrace.bench;

import dev.millrace.bench.child.Way;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * One measurement of one contender from an empty database. Ends by counting in the database what was done, and fails if
 * the count is wrong: a figure for work that was not done is worth nothing.
 */
final class Round {
    private static final long LOOK_EVERY = TimeUnit.MILLISECONDS.toNanos(1);
    private static final Duration WITHOUT_PROGRESS = Duration.ofMinutes(2);

    private final Probe probe;

    Round(Probe probe) {
        this.probe = probe;
    }

    /**
     * What a drain cost, all in seconds and bytes.
     *
     * @param events how many were appended and drained
     */
    record Drained(int events, double bulkSeconds, double drainSeconds, Cost bulk, Cost drain) {
        double perEvent(double total) {
            return total / events;
        }
    }

    /** What was spent meanwhile; the server's CPU time is empty if it cannot be seen. */
    record Cost(double walBytes, OptionalDouble serverSeconds, double clientSeconds) {}

    /**
     * Appends that many events in bulk, then drains them. The clock of the drain runs from telling the processes to go,
     * all of them armed, until the database holds no unfinished event.
     */
    Drained drain(Team team, int events, int payloadBytes, int responseBytes)
            throws IOException, InterruptedException, SQLException {
        Contender contender = team.contender();
        probe.empty(contender);
        Meter filling = new Meter(team);
        double bulkSeconds = seconds(team.first().ask("bulk 0 " + events + " " + payloadBytes));
        Cost bulk = filling.read();
        probe.analyze(contender);
        team.arm(false, responseBytes);
        Meter draining = new Meter(team);
        long began = System.nanoTime();
        team.go();
        await(team, events);
        awaitNone(contender);
        double drainSeconds = (System.nanoTime() - began) / 1e9;
        Cost drain = draining.read();
        end(team, events);
        return new Drained(events, bulkSeconds, drainSeconds, bulk, drain);
    }

    /** Halts a team that has nothing left to do, and counts. */
    void end(Team team, int events) throws IOException, InterruptedException, SQLException {
        Contender contender = team.contender();
        long handled = team.halt();
        check(contender, handled == events, "handled " + handled + " of " + events);
        Probe.State state = probe.state(contender);
        check(contender, state.left() == 0, state.left() + " of " + events + " are left");
        long done = state.done().orElse((long) events);
        check(contender, done == events, done + " of " + events + " are done");
    }

    /** Waits until the database holds no unfinished event of a contender. */
    void awaitNone(Contender contender) throws IOException, SQLException {
        while (probe.hasLeft(contender)) {
            LockSupport.parkNanos(LOOK_EVERY);
        }
    }

    /**
     * Waits until the handlers of that many events have started.
     *
     * @return how many seconds after the call
     */
    static double await(Team team, long events) throws IOException {
        long began = System.nanoTime();
        long seen = 0;
        long since = System.nanoTime();
        while (seen < events) {
            LockSupport.parkNanos(LOOK_EVERY);
            long now = team.handled();
            if (now > seen) {
                seen = now;
                since = System.nanoTime();
            } else if (System.nanoTime() - since > WITHOUT_PROGRESS.toNanos()) {
                throw new IOException(team.contender().label() + " handled " + seen + " of " + events
                        + " events, and no more in " + WITHOUT_PROGRESS);
            }
            team.check();
        }
        return (System.nanoTime() - began) / 1e9;
    }

    /**
     * Appends that many single events by that many clients.
     *
     * @return events a second
     */
    double append(Team team, int events, int clients) throws IOException, InterruptedException, SQLException {
        Contender contender = team.contender();
        probe.empty(contender);
        double seconds = seconds(team.first().ask("append " + events + " " + clients + " 0"));
        Probe.State state = probe.state(contender);
        check(contender, state.left() == events, state.left() + " of " + events + " were appended");
        return events / seconds;
    }

    /**
     * Appends that many events by one client, in that way and so many in each transaction.
     *
     * @return events a second
     */
    double append(Team team, Way way, int events, int atOnce) throws IOException, InterruptedException, SQLException {
        Contender contender = team.contender();
        probe.empty(contender);
        double seconds = seconds(team.first().ask("by " + way.word() + " " + events + " " + atOnce));
        int expected = way.isOurs() ? events : 0;
        Probe.State state = probe.state(contender);
        check(contender, state.left() == expected, state.left() + " of " + expected + " were appended");
        return events / seconds;
    }

    private static double seconds(String nanos) {
        return Long.parseLong(nanos) / 1e9;
    }

    static void check(Contender contender, boolean holds, String otherwise) {
        if (!holds) {
            throw new WrongCountException(contender.label() + ": " + otherwise);
        }
    }

    /** Reads what has been spent since it was made. */
    private final class Meter {
        private final Team team;
        private final Cost start;

        Meter(Team team) throws IOException, SQLException {
            this.team = team;
            this.start = now();
        }

        private Cost now() throws IOException, SQLException {
            return new Cost(probe.walBytes(), probe.cpuSeconds(), team.cpuSeconds());
        }

        Cost read() throws IOException, SQLException {
            Cost end = now();
            boolean seen =
                    start.serverSeconds().isPresent() && end.serverSeconds().isPresent();
            return new Cost(
                    end.walBytes() - start.walBytes(),
                    seen
                            ? OptionalDouble.of(end.serverSeconds().getAsDouble()
                                    - start.serverSeconds().getAsDouble())
                            : OptionalDouble.empty(),
                    end.clientSeconds() - start.clientSeconds());
        }
    }
}
