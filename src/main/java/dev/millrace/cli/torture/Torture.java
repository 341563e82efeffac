package dev.millrace.cli.torture;

import dev.millrace.Millrace;
import dev.millrace.thread.Threads;
import java.io.IOException;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One torture run: starts everything, lets the nemesis loose, heals, drains, judges. Used once, by one thread. */
final class Torture implements AutoCloseable {
    private static final long DRAIN_SECONDS = 180;
    private static final long START_SECONDS = 120;
    private static final long PROGRESS_MILLIS = 5_000;

    private final Settings settings;
    private final PrintWriter progress;
    private final Server server;
    private final Database database;
    private final Tally tally = new Tally();
    private final Findings findings = new Findings();
    private final List<FaultProxy> proxies = new ArrayList<>();
    private final List<Seat> workers = new ArrayList<>();
    private final Seat appender;
    private final Observer observer;
    private final ConnectionCheck connections;
    private final Thread observing;
    private final Thread counting;
    private final Ledger kills;
    private volatile boolean paused;

    Torture(Settings settings, Server server, PrintWriter progress) throws IOException {
        this.settings = settings;
        this.server = server;
        this.progress = progress;
        this.database = new Database(server);
        for (int number = 1; number <= Settings.WORKERS; number++) {
            workers.add(Seat.worker(number, settings, server, proxy(), this::workerEnded));
        }
        this.appender = Seat.appender(settings, server, proxy(), code -> {});
        this.kills = new Ledger(settings.folder().resolve(Judge.KILLS));
        this.connections = new ConnectionCheck(findings);
        this.observer = new Observer(database, findings, this::throttle);
        this.observing = Threads.user("torture-observer", observer);
        this.counting = Threads.user("torture-sessions", new SessionCheck(database, findings));
    }

    private FaultProxy proxy() throws IOException {
        FaultProxy proxy = new FaultProxy(server::port, tally::add);
        proxies.add(proxy);
        return proxy;
    }

    private void workerEnded(int code) {
        if (code == Job.HALTED) {
            tally.add(FaultKind.HALT);
        }
    }

    /** Runs it all. */
    Report run() throws IOException, InterruptedException, SQLException {
        prepare();
        workers.forEach(Seat::start);
        appender.start();
        observing.start();
        counting.start();
        awaitFirst();
        long start = System.nanoTime();
        Thread progressing = Threads.startVirtual("torture-progress", () -> progress(start));
        try (Nemesis nemesis = new Nemesis(
                Plan.of(
                        settings.seed(),
                        settings.seconds(),
                        settings.profile(),
                        Settings.LEASE.toMillis(),
                        workers.size()),
                workers,
                appender,
                server,
                database,
                tally,
                kills)) {
            nemesis.run(start);
            TimeUnit.NANOSECONDS.sleep(start + TimeUnit.SECONDS.toNanos(settings.seconds()) - System.nanoTime());
            nemesis.heal();
        }
        endAppender();
        drain();
        double seconds = (System.nanoTime() - start - Settings.LEASE.toNanos()) / 1e9;
        endWorkers();
        counting.interrupt();
        counting.join();
        observing.interrupt();
        observing.join();
        progressing.interrupt();
        say("judging");
        Judge.Totals totals = new Judge(database, settings, findings).judge();
        return new Report(settings, tally.byKind(), findings, totals, totals.settled() / seconds, observer.samples());
    }

    private void prepare() throws IOException, InterruptedException, SQLException {
        Millrace.builder().jdbcUrl(database.url()).migrate().connect().close();
        Jvm.archiveClasses(settings, database.url(), Seat.workerArguments(settings));
        database.run("audit");
    }

    /** The faults begin when events end: on a busy machine the processes may take long to start. */
    private void awaitFirst() throws InterruptedException, SQLException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (count("ended") == 0) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException("nothing has ended within " + START_SECONDS
                        + " s of the start; see the logs in " + settings.folder());
            }
            Thread.sleep(100);
        }
    }

    /** The appenders must not run ahead of the workers for ever: what waits is bounded. */
    private void throttle(long waiting, long suspects) {
        Profile profile = settings.profile();
        if (waiting > profile.mostWaiting() || suspects > profile.mostSuspects()) {
            paused = true;
        } else if (waiting < profile.mostWaiting() / 2 && suspects <= profile.mostSuspects() / 2) {
            paused = false;
        }
        Jvm process = appender.process();
        if (process != null) {
            process.say(paused ? AppenderRole.PAUSE : AppenderRole.GO_ON);
        }
        workers.forEach(connections::sample);
    }

    private void endAppender() throws InterruptedException {
        appender.startNoOther();
        Jvm process = appender.process();
        if (process != null) {
            process.say(AppenderRole.END);
            process.closeMouth();
            if (!process.awaitEnd(TimeUnit.SECONDS.toMillis(60))) {
                say("the appender did not end in time");
            }
        }
        appender.close();
    }

    /** Waits until nothing is left to do, and for a while more nothing comes. */
    private void drain() throws InterruptedException, SQLException {
        say("faults are over; draining");
        database.run("resume_all");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DRAIN_SECONDS);
        long emptySince = System.nanoTime();
        while (System.nanoTime() - deadline < 0) {
            try {
                if (count("left", workers.size()) > 0) {
                    emptySince = System.nanoTime();
                }
            } catch (SQLException e) {
                emptySince = System.nanoTime();
                say("cannot look: " + e.getMessage());
            }
            if (System.nanoTime() - emptySince > Settings.LEASE.toNanos()) {
                return;
            }
            Thread.sleep(100);
        }
        say("not drained within " + DRAIN_SECONDS + " s");
    }

    private long count(String name, int... arguments) throws SQLException {
        try (Connection connection = database.connect();
                PreparedStatement statement = connection.prepareStatement(Database.sql(name))) {
            for (int i = 0; i < arguments.length; i++) {
                statement.setInt(i + 1, arguments[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    private void endWorkers() throws IOException, InterruptedException {
        for (Seat worker : workers) {
            if (!worker.end(TimeUnit.SECONDS.toMillis(15))) {
                findings.add("r5_shutdown", 1, "a worker did not end within 15 s of SIGTERM");
            }
        }
        findings.checked("r5_shutdown");
    }

    private void progress(long start) {
        try {
            while (true) {
                Thread.sleep(PROGRESS_MILLIS);
                say("%d of %d s, %,d faults, %,d pending, %,d processing, %d violations"
                        .formatted(
                                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start),
                                settings.seconds(),
                                tally.total(),
                                observer.pending(),
                                observer.processing(),
                                findings.total()));
            }
        } catch (InterruptedException e) {
            return; // the run is over
        }
    }

    private void say(String words) {
        progress.println("torture: " + words);
        progress.flush();
    }

    /** Ends everything at once. */
    @Override
    public void close() throws IOException {
        counting.interrupt();
        observing.interrupt();
        workers.forEach(Seat::close);
        appender.close();
        kills.close();
        for (FaultProxy proxy : proxies) {
            proxy.close();
        }
    }
}
