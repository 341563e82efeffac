package dev.millrace.bench.child;

import java.util.function.LongConsumer;

/**
 * One contender, driven through its own client interface. Its tables are in a schema of its own, which {@link #install}
 * makes; emptying and counting them is the coordinator's business.
 */
interface Engine extends AutoCloseable {
    /** Makes the tables if there are none. Called once, before anything else. */
    void install() throws Exception;

    /** Appends one event in a transaction of its own, and returns when it is committed. Thread-safe. */
    void append(Job job) throws Exception;

    /** Appends that many events, numbered from the first on, the fastest way the contender has. */
    void bulk(long first, int count, String fill) throws Exception;

    /** Appends that many events, so many in each transaction, in that way; only we are asked to. */
    default void append(Way way, int count, int atOnce) throws Exception {
        throw new UnsupportedOperationException();
    }

    /** Makes everything ready for {@link #go}, without handling anything. */
    void arm(Handling handling) throws Exception;

    /** Begins to handle events. */
    void go() throws Exception;

    /** Ends handling, and returns when no event is under way. */
    void halt() throws Exception;

    @Override
    void close();

    /**
     * What handling an event means.
     *
     * @param handled told the number of each event as its handler starts, on any thread
     * @param response what the handler answers, where answers are kept; empty for none
     */
    record Handling(LongConsumer handled, String response) {}
}
