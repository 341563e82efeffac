package dev.millrace.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The processes of one contender that share its work. Confined to one thread. */
final class Team implements AutoCloseable {
    /** Pools open their connections in the background; no round is to pay for that. */
    private static final long CONNECTING = TimeUnit.MILLISECONDS.toNanos(300);

    private final Contender contender;
    private final List<Child> children;

    private Team(Contender contender, List<Child> children) {
        this.contender = contender;
        this.children = children;
    }

    /** Starts that many processes; the first makes the tables. */
    static Team start(Launch launch, Contender contender, int processes)
            throws IOException, InterruptedException, SQLException {
        Team team = new Team(contender, new ArrayList<>());
        try {
            for (int i = 0; i < processes; i++) {
                team.join(launch.start(contender));
            }
            return team;
        } catch (IOException | InterruptedException | SQLException | RuntimeException e) {
            team.close();
            throw e;
        }
    }

    /** A team of one that was started already. */
    static Team of(Contender contender, Child child) throws IOException, InterruptedException {
        Team team = new Team(contender, new ArrayList<>());
        team.join(child);
        return team;
    }

    private void join(Child child) throws IOException, InterruptedException {
        children.add(child);
        child.ask("install");
    }

    Contender contender() {
        return contender;
    }

    /** The same team with its first process only; the others stay idle, and open. */
    Team alone() {
        return new Team(contender, List.of(children.getFirst()));
    }

    /** The one that does not work when the first does it alone. */
    Child second() {
        return children.get(1);
    }

    /** The one that appends. */
    Child first() {
        return children.getFirst();
    }

    /** Makes all ready to handle events. */
    void arm(boolean keepStarts, int responseBytes) throws IOException, InterruptedException {
        for (Child child : children) {
            child.forget();
            child.ask("arm " + (keepStarts ? "keep" : "count") + " " + responseBytes);
            child.forget();
        }
        LockSupport.parkNanos(CONNECTING);
    }

    /** Has all begin at once. */
    void go() throws IOException, InterruptedException {
        for (Child child : children) {
            child.tell("go");
        }
        for (Child child : children) {
            child.answer("go");
        }
    }

    /** Has all end, and says how many events they handled. */
    long halt() throws IOException, InterruptedException {
        long handled = 0;
        for (Child child : children) {
            child.ask("halt");
            handled += Long.parseLong(child.ask("handled"));
        }
        return handled;
    }

    /** How many events have been handled, as told so far. */
    long handled() {
        return children.stream().mapToLong(Child::handled).sum();
    }

    /** Fails if one of the processes has ended. */
    void check() throws IOException {
        for (Child child : children) {
            if (!child.isAlive()) {
                throw new IOException("a process of " + contender.label() + " has ended: " + child.lastWords());
            }
        }
    }

    /** The CPU time that all have used, in seconds. */
    double cpuSeconds() {
        return children.stream().mapToLong(child -> child.cpu().toNanos()).sum() / 1e9;
    }

    @Override
    public void close() {
        children.forEach(Child::close);
    }
}
