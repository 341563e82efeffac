package dev.millrace.process;

import dev.millrace.event.Event;
import dev.millrace.work.Permission;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The way of claimed events through the gate to their handlers. Thread-safe. */
final class Entrance<T> {
    private final Gate<T> gate;
    private final Runs<T> runs;
    private final Settings settings;
    private final Troubles troubles;

    Entrance(Gate<T> gate, Runs<T> runs, Settings settings, Troubles troubles) {
        this.gate = gate;
        this.runs = runs;
        this.settings = settings;
        this.troubles = troubles;
    }

    /**
     * Lets claimed events through the gate, in order, and starts the granted ones.
     *
     * @return how much capacity they took: denied and failed ones take none
     */
    int admit(List<Ticket> claimed, Batch batch) {
        int taken = 0;
        for (Ticket ticket : claimed) {
            try {
                taken += admit(ticket, batch);
            } catch (RuntimeException | Error e) { // those that were claimed with it must not stay behind
                ticket.giveBack();
                troubles.report("admission", e);
            }
        }
        return taken;
    }

    private int admit(Ticket ticket, Batch batch) {
        if (runs.isSlowToPrepare(ticket)) {
            runs.prepareAside(ticket, event -> {
                CompletableFuture<Permission> unused = ask(ticket, event, batch);
            });
            return 1; // as one that is still being asked about
        }
        Optional<Event<T>> event = runs.prepare(ticket);
        if (event.isEmpty()) {
            return 0; // expired or unreadable: ended without asking
        }
        CompletableFuture<Permission> answer = ask(ticket, event.get(), batch);
        boolean mayRun = !answer.isDone() || isGrant(answer); // one that is still being asked about takes capacity, too
        return mayRun ? 1 : 0;
    }

    private CompletableFuture<Permission> ask(Ticket ticket, Event<T> event, Batch batch) {
        CompletableFuture<Permission> answer = gate.ask(event);
        Admission<T> admission = new Admission<>(ticket, event, runs, settings, batch);
        CompletableFuture<Permission> unused = answer.whenComplete(admission::decide);
        return answer;
    }

    private static boolean isGrant(CompletableFuture<Permission> answer) {
        return !answer.isCompletedExceptionally() && answer.join() == Permission.Granted.GRANTED;
    }
}
