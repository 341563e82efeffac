package dev.millrace;

import dev.millrace.process.DutyLoop;
import dev.millrace.process.Troubles;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Questions to the database whose answers take time to come: one statement asks those that are due, however many there are. A
 * question is asked at once, after 5 ms, and after twice as long each time up to 80 ms, at common ticks, so that those who wait
 * long are asked about together; and never so often that asking takes more than about a tenth of the time. Thread-safe; its
 * thread lives while something is asked.
 *
 * @param <Q> questions; equal ones are asked once
 * @param <A> answers
 */
final class Inquiries<Q, A> {
    private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(80);
    private static final int SHARE = 10; // of the time, at most one part is for asking

    private final Oracle<Q, A> oracle;
    private final int mostAsked;
    private final ConcurrentHashMap<Q, Open<A>> open = new ConcurrentHashMap<>();
    private final DutyLoop loop;
    private volatile boolean closed;

    /** Who answers. */
    @FunctionalInterface
    interface Oracle<Q, A> {
        /** Says of the questions that can be answered now how; repeated after whatever it throws. */
        Map<Q, Consumer<CompletableFuture<A>>> ask(List<Q> questions);
    }

    /** One who waits for an answer; equal to itself alone, as its future is. */
    private static final class Asker<A> {
        private final CompletableFuture<A> future;

        Asker(CompletableFuture<A> future) {
            this.future = future;
        }
    }

    /** A question without an answer yet. */
    private static final class Open<A> {
        private final Set<Asker<A>> askers = new LinkedHashSet<>(); // changed only while its key is computed
        private volatile long dueNanos = System.nanoTime();
        private volatile long pauseNanos = FIRST_NANOS;

        void hurry() {
            pauseNanos = FIRST_NANOS;
            dueNanos = System.nanoTime();
        }

        /** At the next tick after a pause, which is longer if asking took long. */
        void postpone(long tookNanos) {
            long pause = Math.max(pauseNanos, SHARE * tookNanos);
            dueNanos = (Math.floorDiv(System.nanoTime(), pause) + 1) * pause;
            pauseNanos = Math.min(2 * pauseNanos, LONGEST_NANOS);
        }
    }

    /**
     * @param name of the thread, after {@code millrace-}
     * @param mostAsked questions in one statement
     */
    Inquiries(String name, int mostAsked, Oracle<Q, A> oracle, Troubles troubles) {
        this.mostAsked = mostAsked;
        this.oracle = oracle;
        this.loop = new DutyLoop(name, this::cycle, troubles);
    }

    /**
     * Completes with the answer; with an {@link IllegalStateException} if this is closed. Whoever stops waiting before cancels it.
     * Completed on a thread of its own, so that what follows holds up nobody.
     */
    CompletableFuture<A> ask(Q question) {
        Asker<A> asker = new Asker<>(new CompletableFuture<>());
        open.compute(question, (key, known) -> {
            Open<A> entry = known == null ? new Open<>() : known;
            entry.askers.add(asker);
            entry.hurry();
            return entry;
        });
        var unused = asker.future.whenComplete((answer, error) -> forget(question, asker));
        if (closed) { // looked at after it was entered: whoever closes this now finds it
            fail(question);
        } else {
            loop.start();
            loop.wake();
            if (closed) { // meanwhile: then this may have started the loop after it was stopped
                loop.stop();
            }
        }
        return asker.future;
    }

    private void forget(Q question, Asker<A> asker) {
        open.computeIfPresent(question, (key, entry) -> {
            entry.askers.remove(asker);
            return entry.askers.isEmpty() ? null : entry;
        });
    }

    /** There may be an answer to that question now. */
    void hint(Q question) {
        Open<A> entry = open.get(question);
        if (entry != null) {
            entry.hurry();
            loop.wake();
        }
    }

    private Duration cycle() {
        long now = System.nanoTime();
        List<Q> due = new ArrayList<>();
        open.forEach((question, entry) -> {
            if (entry.dueNanos - now <= 0) {
                due.add(question);
            }
        });
        askAll(due);
        long later = System.nanoTime();
        return Duration.ofNanos(open.values().stream()
                .mapToLong(entry -> Math.max(0, entry.dueNanos - later))
                .min()
                .orElse(TimeUnit.MINUTES.toNanos(1)));
    }

    private void askAll(List<Q> questions) {
        for (int from = 0; from < questions.size(); from += mostAsked) {
            ask(questions.subList(from, Math.min(questions.size(), from + mostAsked)));
        }
    }

    private void ask(List<Q> questions) {
        long begin = System.nanoTime();
        Map<Q, Consumer<CompletableFuture<A>>> answers = oracle.ask(questions);
        long took = System.nanoTime() - begin;
        for (Q question : questions) {
            Consumer<CompletableFuture<A>> answer = answers.get(question);
            Open<A> entry = open.get(question);
            if (answer != null) {
                end(question, answer);
            } else if (entry != null) {
                entry.postpone(took);
            }
        }
    }

    private void end(Q question, Consumer<CompletableFuture<A>> answer) {
        List<Asker<A>> askers = new ArrayList<>();
        open.computeIfPresent(question, (key, entry) -> {
            askers.addAll(entry.askers);
            return null;
        });
        for (Asker<A> asker : askers) {
            Threads.startVirtual("millrace-answer", () -> answer.accept(asker.future));
        }
    }

    private void fail(Q question) {
        end(question, future -> future.completeExceptionally(new IllegalStateException("this Millrace is closed")));
    }

    /** Asks all that is open once more, at once, on the calling thread, when the loop has ended. Throws what the oracle throws. */
    void lastLook() {
        askAll(List.copyOf(open.keySet()));
    }

    /** The loop that asks. */
    DutyLoop loop() {
        return loop;
    }

    /** Lets everybody go who waits or will, and stops the loop: one that was stopped before may have been asked something since. */
    void close() {
        closed = true;
        List.copyOf(open.keySet()).forEach(this::fail);
        loop.stop();
    }
}
