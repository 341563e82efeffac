package dev.millrace.crash;

import dev.millrace.Executor;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Worker processes on one database, and what they said, by one clock: when this process heard it. Thread-safe. */
final class Fleet implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final TestDatabase database;
    private final List<WorkerJvm> workers = new ArrayList<>();
    private final List<Said> said = new ArrayList<>(); // guarded by lock
    private final List<String> others = new ArrayList<>(); // guarded by lock: what else they print
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();

    Fleet(TestDatabase database) {
        this.database = database;
    }

    /** A worker's word about one attempt of an event. */
    record Said(WorkerJvm by, String word, UUID event, int attempt, long nanos) {
        boolean is(String expected, UUID id) {
            return word.equals(expected) && event.equals(id);
        }
    }

    /** Starts workers, and waits until all of them work. */
    List<WorkerJvm> start(int count, WorkerJvm.Kind kind) throws IOException, InterruptedException {
        List<WorkerJvm> started = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            WorkerJvm worker = WorkerJvm.start(database.jdbcUrl(), kind, this::hear);
            workers.add(worker);
            started.add(worker);
        }
        await(() -> others.stream().filter("ready"::equals).count() == workers.size()
                ? Optional.of(true)
                : Optional.empty());
        return started;
    }

    private void hear(WorkerJvm by, String line) {
        long now = System.nanoTime();
        String[] words = line.split(" ", -1);
        lock.lock();
        try {
            if (words[0].equals("started") || words[0].equals("late")) {
                said.add(new Said(by, words[0], UUID.fromString(words[1]), Integer.parseInt(words[2]), now));
            } else {
                others.add(line);
            }
            news.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The first thing said that is so, waiting for it; up to a minute. */
    Said await(Predicate<Said> wanted) throws InterruptedException {
        return await(() -> said.stream().filter(wanted).findFirst());
    }

    private interface Look<T> {
        Optional<T> find();
    }

    private <T> T await(Look<T> look) throws InterruptedException {
        lock.lock();
        try {
            long left = PATIENCE_NANOS;
            Optional<T> found = look.find();
            while (found.isEmpty()) {
                if (left <= 0) {
                    throw new AssertionError("not heard within a minute, but " + said + others);
                }
                left = news.awaitNanos(left);
                found = look.find();
            }
            return found.get();
        } finally {
            lock.unlock();
        }
    }

    /** Appends events of that kind until that worker holds so many events; the others must not hold on for ever. */
    List<Said> fill(WorkerJvm worker, int count, Executor<Job> jobs, Job.Kind kind) throws InterruptedException {
        List<Said> held = said(said -> said.by() == worker);
        while (held.size() < count) {
            UUID id = jobs.append(new Job(kind));
            await(said -> said.is("started", id));
            held = said(said -> said.by() == worker);
        }
        return held;
    }

    /** All that was said so far and is so, in order. */
    List<Said> said(Predicate<Said> wanted) {
        lock.lock();
        try {
            return said.stream().filter(wanted).toList();
        } finally {
            lock.unlock();
        }
    }

    /** Of sorted times, the one that so many percent do not exceed. */
    static long percentile(List<Long> times, int percent) {
        List<Long> sorted = times.stream().sorted().toList();
        return sorted.get((sorted.size() * percent + 99) / 100 - 1);
    }

    /** Such times in words. */
    static String distribution(Stream<Long> times) {
        List<Long> all = times.toList();
        return "of %d: median %d ms, p90 %d ms, p99 %d ms, longest %d ms"
                .formatted(
                        all.size(),
                        percentile(all, 50),
                        percentile(all, 90),
                        percentile(all, 99),
                        percentile(all, 100));
    }

    /** Waits until no process holds anything: a join knows only of its own. */
    void awaitNothingHeld() {
        database.await("select not exists (select from running)");
    }

    @Override
    public void close() {
        workers.forEach(WorkerJvm::kill);
        workers.forEach(WorkerJvm::close);
    }
}
