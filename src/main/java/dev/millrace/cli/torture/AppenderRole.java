package dev.millrace.cli.torture;

import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.Event;
import dev.millrace.event.OnConflict;
import dev.millrace.event.UniqueScope;
import dev.millrace.thread.Threads;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A process that appends in three ways at a set rate, and writes down what it tried and what it was told. */
final class AppenderRole {
    /** The coordinator's words. */
    static final int PAUSE = 'p';

    static final int GO_ON = 'g';
    static final int END = 'e';

    private static final int BULK = 50;
    private static final double ROLLED_BACK = 0.1;
    private static final double SCHEDULED = 0.05;
    private static final double KEYED = 0.2;
    private static final double OF_ITS_OWN_MIND = 0.05;
    private static final int MOST_CRASHES = 5;
    private static final int KEYS = 40;

    private final Executor<Job> executor;
    private final Ledger ledger;
    private final Profile profile;
    private final long leaseMillis;
    private final Steering steering;
    private volatile boolean paused;
    private volatile boolean ending;

    private AppenderRole(Executor<Job> executor, Ledger ledger, Profile profile, long leaseMillis, Steering steering) {
        this.steering = steering;
        this.executor = executor;
        this.ledger = ledger;
        this.profile = profile;
        this.leaseMillis = leaseMillis;
    }

    private interface Turn {
        void append(Random random) throws SQLException;
    }

    /** Arguments: the profile, the lease in milliseconds, the seed. Does not return. */
    static void run(String url, Ledger ledger, Ledger said, List<String> arguments)
            throws IOException, InterruptedException {
        Profile profile = Profile.of(arguments.get(0));
        long leaseMillis = Long.parseLong(arguments.get(1));
        long seed = Long.parseLong(arguments.get(2));
        Executor<Job> executor = open(url, leaseMillis, ledger);
        Steering steering = new Steering(executor, ledger, said);
        AppenderRole role = new AppenderRole(executor, ledger, profile, leaseMillis, steering);
        double each = profile.eventsPerSecond() / 10.0;
        List<Thread> threads = List.of(
                role.start(seed, each * 1.5, role::single),
                role.start(seed + 1, each * 1.5, role::single),
                role.start(seed + 2, each * 6 / BULK, role::bulk),
                role.start(seed + 3, each, role.new Transactions(url)),
                started(() -> steering.run(seed + 4, () -> role.ending)));
        Child.obey(word -> {
            role.paused = word == PAUSE;
            role.ending |= word == END;
        });
        if (role.ending) {
            for (Thread thread : threads) {
                thread.join();
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private static Executor<Job> open(String url, long leaseMillis, Ledger ledger) throws InterruptedException {
        while (true) {
            try {
                Millrace millrace = WorkerRole.connect(url, Duration.ofMillis(leaseMillis), ledger);
                return millrace.executor(WorkerRole.FLOW, Job.class).build();
            } catch (RuntimeException e) {
                System.err.println("not connected: " + e.getMessage());
                Thread.sleep(100);
            }
        }
    }

    private static Thread started(Runnable task) {
        Thread thread = Threads.user("appender", task);
        thread.start();
        return thread;
    }

    private Thread start(long seed, double perSecond, Turn turn) {
        Random random = new Random(seed);
        long pauseNanos = (long) (TimeUnit.SECONDS.toNanos(1) / perSecond);
        return started(() -> {
            long next = System.nanoTime();
            while (!ending) {
                long now = System.nanoTime();
                if (paused || now < next) {
                    LockSupport.parkNanos(Math.max(next - now, TimeUnit.MILLISECONDS.toNanos(1)));
                    continue;
                }
                next = Math.max(next + pauseNanos, now - TimeUnit.SECONDS.toNanos(1)); // catches up a second at most
                try {
                    turn.append(random);
                } catch (SQLException | RuntimeException e) {
                    System.err.println("unknown: " + e.getMessage()); // tried and not acknowledged: the ledger says so
                }
            }
        });
    }

    private void single(Random random) {
        Job job = profile.drawJob(random, leaseMillis);
        UUID id = UUID.randomUUID();
        ledger.write(Ledger.Append.TRIED, List.of(id));
        Append options = random.nextDouble() < KEYED ? keyed(random, job) : options(random, job);
        UUID answer = executor.append(job, options.withId(id));
        if (answer.equals(id)) { // else another has its key
            ledger.write(Ledger.Append.ACKNOWLEDGED, List.of(id));
            steering.knows(List.of(id));
        }
    }

    private static Append keyed(Random random, Job job) {
        String key = "key-" + random.nextInt(KEYS);
        return options(random, job)
                .withNote("key", key)
                .withUniqueKey(key, UniqueScope.untilSettled())
                .onConflict(random.nextBoolean() ? OnConflict.RETURN_EXISTING : OnConflict.REPLACE_PENDING);
    }

    private void bulk(Random random) {
        List<Event<Job>> events = IntStream.range(0, BULK)
                .mapToObj(i -> {
                    Job job = profile.drawJob(random, leaseMillis);
                    return executor.newEvent(job, options(random, job));
                })
                .toList();
        List<UUID> ids = events.stream().map(Event::id).toList();
        ledger.write(Ledger.Append.TRIED, ids);
        executor.appendEvents(events);
        ledger.write(Ledger.Append.ACKNOWLEDGED, ids);
        steering.knows(ids);
    }

    /** Appends in transactions of the caller's, on a connection that is kept until it breaks. Confined to one thread. */
    private final class Transactions implements Turn {
        private final String url;
        private @Nullable Connection connection;

        Transactions(String url) {
            this.url = url;
        }

        @Override
        public void append(Random random) throws SQLException {
            boolean rollBack = random.nextDouble() < ROLLED_BACK;
            Job job = profile.drawJob(random, leaseMillis);
            UUID id = UUID.randomUUID();
            ledger.write(Ledger.Append.TRIED, List.of(id));
            try {
                Connection current = open();
                executor.append(current, job, options(random, job).withId(id));
                if (rollBack) {
                    current.rollback();
                } else {
                    current.commit();
                }
            } catch (SQLException | RuntimeException e) {
                close();
                throw e;
            }
            ledger.write(rollBack ? Ledger.Append.ROLLED_BACK : Ledger.Append.ACKNOWLEDGED, List.of(id));
        }

        private Connection open() throws SQLException {
            Connection current = connection;
            if (current == null) {
                current = DriverManager.getConnection(url);
                connection = current;
                current.setAutoCommit(false);
            }
            return current;
        }

        private void close() throws SQLException {
            Connection broken = connection;
            connection = null;
            if (broken != null) {
                broken.close();
            }
        }
    }

    private static Append options(Random random, Job job) {
        Append options = Append.defaults();
        if (job.kind() == Job.Kind.DEAF) {
            options = options.withTimeout(Duration.ofMillis(Job.TIMEOUT_MILLIS));
        }
        if (random.nextDouble() < OF_ITS_OWN_MIND) {
            options = options.withMaxCrashes(1 + random.nextInt(MOST_CRASHES));
        }
        if (random.nextDouble() < SCHEDULED) {
            Instant time = Instant.now().plusMillis(random.nextInt(1_500)).truncatedTo(ChronoUnit.MICROS);
            options = options.withRunAt(time).withNote("not_before", time.toString());
        }
        return options;
    }
}
