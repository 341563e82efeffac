package dev.millrace.bench.child;

/**
 * The payload of every event of the benchmark.
 *
 * @param n which one it is, from 0
 * @param fill what makes it as large as asked for; usually empty
 */
public record Job(long n, String fill) {
    /** The same as JSON, for those whose interface is text, and for SQL. */
    String json() {
        return "{\"n\":" + n + ",\"fill\":\"" + fill + "\"}";
    }
}
