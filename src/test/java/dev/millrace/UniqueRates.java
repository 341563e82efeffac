package dev.millrace;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures appends with a unique key against appends without, in turn, on a PostgreSQL of its own that keeps what it
 * acknowledges, and prints each round's ratio of the rates. Run by hand; the arguments
 * are the number of rounds, and "off" to measure without waiting for disks.
 */
public final class UniqueRates {
    private static final int SLICES = 10;
    private static final AtomicInteger number = new AtomicInteger();

    private UniqueRates() {}

    record Task(String name) {}

    private enum Way {
        ONE_BY_ONE(1, 1, 40),
        ONE_BY_ONE_BY_EIGHT(8, 1, 240),
        A_THOUSAND_AT_ONCE(1, 1_000, 2_000);

        final int threads;
        final int batch;
        final int events;

        Way(int threads, int batch, int events) {
            this.threads = threads;
            this.batch = batch;
            this.events = events;
        }
    }

    /** The rounds, one line each, and the medians. */
    public static void main(String[] arguments) throws IOException, InterruptedException, ExecutionException {
        int rounds = arguments.length == 0 ? 5 : Integer.parseInt(arguments[0]);
        String durable = arguments.length > 1 ? arguments[1] : "on";
        try (EmbeddedPostgres server = EmbeddedPostgres.builder()
                        .setServerConfig("fsync", durable)
                        .setServerConfig("synchronous_commit", durable)
                        .setServerConfig("full_page_writes", "on")
                        .setServerConfig("max_wal_size", "4GB")
                        .start();
                Millrace millrace = Millrace.builder()
                        .jdbcUrl(server.getJdbcUrl("postgres", "postgres"))
                        .poolSize(10)
                        .migrate()
                        .connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class).build();
            for (Way way : Way.values()) {
                measure(tasks, way, rounds);
            }
        }
    }

    private static void measure(Executor<Task> tasks, Way way, int rounds)
            throws InterruptedException, ExecutionException {
        List<Double> ratios = new ArrayList<>();
        for (int round = -1; round < rounds; round++) { // the first only warms up
            double plain = 0;
            double unique = 0;
            for (int slice = 0; slice < SLICES; slice++) { // in turn, so that both meet the same weather
                boolean plainFirst = (slice + round) % 2 == 0;
                double one = seconds(tasks, way, !plainFirst);
                double other = seconds(tasks, way, plainFirst);
                plain += plainFirst ? one : other;
                unique += plainFirst ? other : one;
            }
            if (round >= 0) {
                ratios.add(plain / unique);
                System.out.printf(
                        "%s: without %.0f/s, with %.0f/s, ratio %.3f%n",
                        way, SLICES * way.events / plain, SLICES * way.events / unique, plain / unique);
            }
        }
        Collections.sort(ratios);
        System.out.printf(
                "%s: median ratio %.3f of %d rounds, %.3f to %.3f%n",
                way, ratios.get(ratios.size() / 2), ratios.size(), ratios.getFirst(), ratios.getLast());
    }

    private static double seconds(Executor<Task> tasks, Way way, boolean unique)
            throws InterruptedException, ExecutionException {
        long start = System.nanoTime();
        if (way.batch > 1) {
            List<Task> batch = Collections.nCopies(way.batch, new Task("x".repeat(200)));
            for (int i = 0; i < way.events / way.batch; i++) {
                int unused = tasks.appendAll(batch, any -> options(unique)).size();
            }
        } else {
            try (ExecutorService pool = Executors.newFixedThreadPool(way.threads)) {
                List<Future<?>> all = new ArrayList<>();
                for (int thread = 0; thread < way.threads; thread++) {
                    all.add(pool.submit(() -> {
                        for (int i = 0; i < way.events / way.threads; i++) {
                            UUID unused = tasks.append(new Task("x".repeat(200)), options(unique));
                        }
                    }));
                }
                for (Future<?> one : all) {
                    one.get();
                }
            }
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private static Append options(boolean unique) {
        return unique ? Append.uniqueKey("order-" + number.incrementAndGet()) : Append.defaults();
    }
}
