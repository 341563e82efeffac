package dev.millrace.process;

import org.jspecify.annotations.Nullable;

/**
 * What the handler of one attempt has said, if anything. It is kept when it is said, so that it counts even where the exception
 * that then ends the handler is swallowed on its way. Confined to the handler's thread, and refuses every other one.
 */
final class LastWord {
    private final Ticket ticket;
    private final HandlerThread thread;
    private @Nullable Verdict said;

    LastWord(Ticket ticket, HandlerThread thread) {
        this.ticket = ticket;
        this.thread = thread;
    }

    /** Ends the handler. Has no message of the application's, and no stack: it is no error. */
    static final class EndOfRunException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        EndOfRunException(String message) {
            super(message, null, false, false);
        }
    }

    /**
     * Keeps it and ends the handler.
     *
     * @throws IllegalStateException if it would not count: said on another thread, a second time, or of a settled event
     */
    RuntimeException say(Verdict verdict) {
        if (!thread.isCurrent()) {
            throw new IllegalStateException(
                    "event %s: %s must be called on the thread of its handler, while that runs; it was called on '%s'"
                            .formatted(
                                    id(), verdict.word(), Thread.currentThread().getName()));
        }
        if (ticket.isCommitted()) {
            throw new IllegalStateException(
                    "event %s: %s comes too late, it is settled by its handler's own transaction"
                            .formatted(id(), verdict.word()));
        }
        Verdict before = said;
        if (before != null) {
            throw new IllegalStateException(
                    "event %s: %s comes too late, its handler has called %s already, which counts"
                            .formatted(id(), verdict.word(), before.word()));
        }
        said = verdict;
        throw end(verdict);
    }

    /** Ends the handler once more, if it goes on although it has said its last word. */
    void requireNone() {
        if (said != null && thread.isCurrent()) {
            throw end(said);
        }
    }

    /** What was said; null for nothing. */
    @Nullable
    Verdict said() {
        return said;
    }

    private EndOfRunException end(Verdict verdict) {
        return new EndOfRunException("event %s: its handler has called %s, which counts; this exception only ends it"
                .formatted(id(), verdict.word()));
    }

    private Object id() {
        return ticket.claim().id();
    }
}
