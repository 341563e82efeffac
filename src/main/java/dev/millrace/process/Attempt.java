package dev.millrace.process;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExecutionException;
import dev.millrace.event.LeaseLostException;
import dev.millrace.event.Progress;
import dev.millrace.store.JointTransaction;
import dev.millrace.store.ProgressRow;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.thread.Threads;
import dev.millrace.work.Handler;
import dev.millrace.work.Run;
import dev.millrace.work.StreamHandler;
import dev.millrace.work.TransactionWork;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One run of one handler on a virtual thread of its own. Its answer counts unless the clock or the worker ended the event
 * first. Thread-safe.
 */
final class Attempt<T> implements Run<T> {
    private final Ticket ticket;
    private final Event<T> event;
    private final Handlers<T> handlers;
    private final Worker worker;
    private final HandlerThread thread;
    private final LastWord lastWord;
    private final Conclusions conclusions;
    private final Emission emission;
    private @Nullable Future<?> clock; // set before the thread starts
    private long startNanos; // set before the thread starts
    private boolean lateTold; // confined to the handler's thread

    Attempt(Ticket ticket, Event<T> event, Handlers<T> handlers, Worker worker, Leaks leaks) {
        this.ticket = ticket;
        this.event = event;
        this.handlers = handlers;
        this.worker = worker;
        this.thread = new HandlerThread(handlers.moves().flow() + " " + event.id(), this::run, leaks);
        this.emission = new Emission(ticket.claim(), worker.settler(), handlers);
        this.lastWord = new LastWord(ticket, thread);
        this.conclusions = new Conclusions(ticket, handlers);
    }

    /**
     * Starts the handler, unless the event has ended meanwhile, and the clock if the event has a timeout: it counts from
     * here.
     */
    void start() {
        startNanos = System.nanoTime();
        if (!ticket.runsOn(thread)) {
            return;
        }
        Duration limit = event.timeout();
        if (limit != null) {
            clock = worker.clocks().schedule(() -> timeOut(limit), limit.toNanos(), TimeUnit.NANOSECONDS);
        }
        thread.start();
    }

    private void timeOut(Duration limit) {
        Runnable overrule = () -> {
            LogContext context = context();
            try {
                ticket.overrule(conclusions.timedOut(limit, elapsed(), thread.frames()));
            } finally {
                context.restore();
            }
        };
        if (conclusions.retriesTimeouts()) {
            // Asks the policy, which may hang: others' clocks go on.
            Threads.startVirtual("millrace-clock", overrule);
        } else {
            overrule.run();
        }
    }

    private LogContext context() {
        return new LogContext(
                event.id(),
                handlers.moves().flow(),
                event.type(),
                ticket.claim().attempt());
    }

    @Override
    public Event<T> event() {
        return event;
    }

    @Override
    public int failures() {
        return ticket.claim().failures();
    }

    @Override
    public boolean isLastAttempt() {
        return conclusions.isLast();
    }

    @Override
    public RuntimeException retryIn(Duration pause) {
        return lastWord.say(new Verdict.RetryIn(pause));
    }

    @Override
    public RuntimeException snooze(Duration pause) {
        return lastWord.say(new Verdict.Snooze(pause));
    }

    @Override
    public RuntimeException fail(String reason) {
        return lastWord.say(new Verdict.Fail(reason));
    }

    @Override
    public RuntimeException skip(String reason) {
        return lastWord.say(new Verdict.Skip(reason));
    }

    @Override
    public RuntimeException cancel(String reason) {
        return lastWord.say(new Verdict.Cancel(reason));
    }

    @Override
    public boolean isCancelled() {
        return ticket.isDecided();
    }

    @Override
    public void progress(double fraction, @Nullable String message) {
        ProgressRow row =
                new ProgressRow(ticket.claim().hold(), Progress.checked(fraction), Progress.storable(message));
        if (!ticket.isDecided()) {
            worker.settler().submit(row);
        }
    }

    @Override
    public int emit(@Nullable Object chunk) throws InterruptedException {
        requireOpen();
        return emission.emit(chunk);
    }

    private void requireOpen() throws InterruptedException {
        lastWord.requireNone();
        if (ticket.isCommitted()) {
            throw new IllegalStateException("event %s is settled already, by its handler's own transaction"
                    .formatted(ticket.claim().id()));
        }
        if (ticket.isDecided()) {
            throw new InterruptedException("event " + ticket.claim().id() + " was cancelled");
        }
    }

    @Override
    public <R extends @Nullable Object> R transaction(TransactionWork<R> work) throws Exception {
        requireOpen();
        try (JointTransaction transaction = worker.jointTransactions().begin()) {
            thread.cancelBy(transaction::cancel);
            requireOpen();
            R result = transaction.run(work::on);
            lastWord.requireNone(); // the work may have swallowed what should have ended it
            commit(transaction, conclusions.answered(result, elapsed()));
            return result;
        } finally {
            thread.cancelBy(null);
        }
    }

    private void commit(JointTransaction transaction, Ended answer) throws InterruptedException {
        worker.settler().awaitLastProgress(answer.hold());
        if (exceeded() != null || !ticket.beginCommit()) {
            throw new InterruptedException("event " + answer.id() + " was ended before its transaction could commit");
        }
        boolean settled;
        try {
            settled = transaction.settle(answer);
        } catch (RuntimeException | Error e) {
            ticket.commitFailed();
            throw e;
        }
        if (settled) {
            ticket.committed();
            handlers.moves().settled(ticket.claim(), answer, Settler.Fate.COMMITTED);
            return;
        }
        ticket.commitFailed();
        abandon(answer);
        throw new LeaseLostException("event %s attempt %d: the claim is lost, its transaction was rolled back"
                .formatted(answer.id(), answer.hold().attempt()));
    }

    /** The claim is another's: what this handler answers from now on does not count, and has been told. */
    private void abandon(Ended answer) {
        lateTold = true;
        worker.settler().tooLate(answer);
        ticket.drop();
    }

    private void run() {
        LogContext context = context();
        try {
            Settlement answer = answer();
            if (answer != null) {
                end(answer);
            }
        } catch (Throwable e) { // not even its error could be described; its event must end all the same
            worker.troubles().check(e);
            var problem = new ExecutionException("the handler failed with %s, which could not be described"
                    .formatted(e.getClass().getName()));
            end(ticket.ended(EventStatus.FAILED, problem, elapsed()));
        } finally {
            context.restore();
            boolean unused = Thread.interrupted(); // it was meant for the handler, not for what starts next here
            ticket.handlerEnded();
        }
    }

    private void end(Settlement answer) {
        Duration exceeded = ticket.isDecided() ? null : exceeded(); // by then the clock has asked what follows
        boolean first = ticket.settle(exceeded == null ? answer : timedOut(exceeded)); // whatever it says
        if (clock != null && (first || ticket.isCommitted())) {
            clock.cancel(false);
        }
        if (!first && ticket.isDropped() && !lateTold && !isEcho(answer)) {
            worker.settler().tooLate(answer);
        }
    }

    /** The timeout, if more time than that has passed. */
    private @Nullable Duration exceeded() {
        Duration limit = event.timeout();
        return limit != null && elapsed().compareTo(limit) >= 0 ? limit : null;
    }

    /** Not an answer, but the echo of the interrupt that told the handler to end. */
    private static boolean isEcho(Settlement answer) {
        return answer instanceof Ended end && end.status() == EventStatus.CANCELLED;
    }

    /** What it comes to; null if somebody else has ended the event, so that it comes to nothing and no policy is asked. */
    private @Nullable Settlement answer() {
        try {
            Object response = call();
            Verdict said = lastWord.said();
            return said == null ? conclusions.answered(response, elapsed()) : conclusions.said(said, elapsed());
        } catch (Throwable e) { // whatever a handler throws, its event must end
            worker.troubles().check(e);
            if (ticket.isDecided() && !ticket.isDropped() && !ticket.isCommitted()) {
                return null;
            }
            Verdict said = lastWord.said();
            return said == null ? conclusions.threw(e, elapsed()) : conclusions.said(said, elapsed());
        }
    }

    private @Nullable Object call() throws Exception {
        Handler<? super T> handler = handlers.handler();
        StreamHandler<? super T> streamHandler = handlers.streamHandler();
        if (streamHandler != null && (event.streaming() || handler == null)) {
            try (Stream<?> stream = open(streamHandler)) {
                for (Iterator<?> elements = stream.iterator(); elements.hasNext(); ) {
                    emit(elements.next());
                }
            }
            return emission.count();
        }
        if (handler == null) {
            throw new ExecutionException("this executor has no handler");
        }
        Object response = call(handler);
        return response == null && event.streaming() ? (Object) emission.count() : response;
    }

    @SuppressWarnings("unchecked") // a Run<T> only hands out a T, so it is a run of any supertype
    private <S> Stream<?> open(StreamHandler<S> handler) throws Exception {
        Stream<?> stream = handler.stream((S) event.payload(), (Run<S>) this);
        if (stream == null) {
            throw new Told("the stream handler answered null; let it answer Stream.empty() where there are no chunks");
        }
        return stream;
    }

    @SuppressWarnings("unchecked") // as above
    private <S> @Nullable Object call(Handler<S> handler) throws Exception {
        return handler.handle((S) event.payload(), (Run<S>) this);
    }

    private Settlement timedOut(Duration limit) {
        return conclusions.timedOut(limit, elapsed(), null);
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }
}
