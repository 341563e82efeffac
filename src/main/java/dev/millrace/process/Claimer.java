package dev.millrace.process;

import dev.millrace.process.Processor.Source;
import dev.millrace.store.Claim;
import dev.millrace.store.Claimed;
import dev.millrace.store.Claims;
import dev.millrace.store.Floor;
import dev.millrace.store.PayloadMemory.Inline;
import dev.millrace.store.SqlErrors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Claims for one executor and enters what it gets in the books. A claim whose answer does not come is reported: it may have
 * been committed. Thread-safe.
 */
final class Claimer<T> {
    private final Claims claims;
    private final Source source;
    private final Worker worker;
    private final Runs<T> runs;
    private final Inline inline;
    private final Footing footing = new Footing();

    /** @param held events that the executor holds at most */
    Claimer(Claims claims, Source source, Worker worker, Runs<T> runs, int held) {
        this.inline = worker.memory().inline(held);
        this.claims = claims;
        this.source = source;
        this.worker = worker;
        this.runs = runs;
    }

    /** Up to so many due events, each on a slot that is free again when its handler has ended. */
    List<Ticket> due(int most, Batch batch, Runnable freeSlot) {
        List<Ticket> all = new ArrayList<>();
        due(most, batch, freeSlot, Slot.RUNNING, all::addAll);
        return all;
    }

    /**
     * Up to so many due events that wait for a slot each, handed over as they come: what the first look found need not wait
     * for the second.
     *
     * @return how many
     */
    int ahead(int most, Batch batch, Runnable freeSlot, Consumer<List<Ticket>> taker) {
        return due(most, batch, freeSlot, Slot.WAITING, taker);
    }

    private int due(int most, Batch batch, Runnable freeSlot, Slot slot, Consumer<List<Ticket>> taker) {
        Floor floor = source.lanes().size() == 1 ? footing.next() : Floor.FRONT;
        List<Ticket> taken = from(floor, most, batch, freeSlot, slot);
        taker.accept(taken);
        int count = taken.size();
        if (count == most || floor.equals(Floor.FRONT)) {
            return count;
        }
        List<Ticket> below = below(taken.isEmpty(), most - count, batch, freeSlot, slot);
        taker.accept(below);
        return count + below.size();
    }

    /** What came in below the floor. A failure is the caller's only if there is nothing else: what was taken must start. */
    private List<Ticket> below(boolean mayFail, int most, Batch batch, Runnable freeSlot, Slot slot) {
        try {
            return from(Floor.FRONT, most, batch, freeSlot, slot);
        } catch (RuntimeException e) {
            if (mayFail) {
                throw e;
            }
            return List.of(); // the next look meets the same trouble and reports it
        }
    }

    private List<Ticket> from(Floor floor, int most, Batch batch, Runnable freeSlot, Slot slot) {
        return reported(
                () -> {
                    long begin = System.nanoTime();
                    Claimed claimed = claims.claim(me(), source.flow(), source.lanes(), most, floor, inline);
                    boolean isShort = claimed.claims().size() < most;
                    footing.looked(floor, claimed.floor(), isShort, System.nanoTime() - begin);
                    return claimed.claims().stream()
                            .map(claim -> runs.take(claim, freeSlot, slot, batch))
                            .toList();
                },
                List.of());
    }

    /** One due event that has a death on it, if this process holds none. */
    List<Ticket> suspect(Batch batch, Runnable whenFree) {
        return oneSuspect(
                        () ->
                                claims
                                        .claim(me(), source.flow(), source.suspectLanes(), 1, Floor.FRONT, inline)
                                        .claims()
                                        .stream()
                                        .findFirst(),
                        batch,
                        whenFree)
                .stream()
                .toList();
    }

    /** One pending event; if it has a death on it, only if this process holds none. */
    Optional<Ticket> one(UUID id, boolean early, Batch batch) {
        Optional<Ticket> innocent = reported(
                () -> claimOne(id, source.lanes(), early).map(claim -> runs.take(claim, () -> {}, Slot.RUNNING, batch)),
                Optional.empty());
        return innocent.isPresent()
                ? innocent
                : oneSuspect(() -> claimOne(id, source.suspectLanes(), early), batch, () -> {});
    }

    private Optional<Claim> claimOne(UUID id, List<Integer> lanes, boolean early) {
        return claims.claimOne(me(), source.flow(), lanes, id, early, inline);
    }

    private Optional<Ticket> oneSuspect(Supplier<Optional<Claim>> claim, Batch batch, Runnable whenFree) {
        if (!worker.suspects().tryEnter()) {
            return Optional.empty();
        }
        Runnable release = () -> {
            worker.suspects().leave();
            whenFree.run();
        };
        Optional<Ticket> taken = Optional.empty();
        try {
            taken = reported(
                    () -> claim.get().map(found -> runs.take(found, release, Slot.ALONE, batch)), Optional.empty());
            return taken;
        } finally {
            if (taken.isEmpty()) {
                worker.suspects().leave();
            }
        }
    }

    /**
     * Claims and enters at one moment, so that nobody takes what is being entered for forgotten, and so that a worker that
     * stops and has seen the books still sees nothing enter them after.
     */
    private <R> R reported(Supplier<R> claim, R nothing) {
        try {
            return worker.books().claiming(() -> worker.mayClaim() ? claim.get() : nothing);
        } catch (RuntimeException | Error e) {
            if (!SqlErrors.isUnsent(e)) {
                worker.forgotten().mayHave();
            }
            throw e;
        }
    }

    private UUID me() {
        return worker.lease().worker();
    }
}
