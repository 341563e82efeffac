package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.faults.FaultyDataSource;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Many executors in one process that have nothing to do: what they cost, that each still hears of its events, and what they leave. */
class IdleExecutorsTest extends WithMillrace {
    private static final int MANY = 1_000;
    private static final int SECONDS = 10;

    private final Queue<String> ran = new ConcurrentLinkedQueue<>();

    IdleExecutorsTest(TestDatabase database) {
        super(database);
    }

    private Executor<Task> numbered(Millrace millrace, int number) {
        return millrace.executor("flow-" + number, Task.class)
                .handler((task, run) -> {
                    ran.add("flow-" + number + " " + task.name());
                    return null;
                })
                .build();
    }

    private static long threadsOfExecutors() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("millrace-executor-") || name.startsWith("millrace-hand-"))
                .count();
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("millrace"))
                .sorted()
                .toList();
    }

    /** Spare threads end after a few seconds. */
    private void awaitNoThreadOfAnExecutor() {
        for (int round = 0; round < 1_000 && threadsOfExecutors() > 0; round++) {
            database.query("select pg_sleep(0.05)");
        }
        assertThat(threadsOfExecutors()).as("threads: " + threads()).isZero();
    }

    private long committed() {
        return database.longValue("select xact_commit from pg_stat_database where datname = current_database()");
    }

    @Test
    @NotPooled("counts the statements of executors that are notified")
    @DisplayName("12.17 1,000 idle executors in one process: no thread each, less than 10 statements a second in all,"
            + " by the client's count and by the server's")
    void executors_idle_costNoThreadsAndFewStatements() throws InterruptedException {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(8));
        Millrace crowded = opened(Millrace.connect(statements));
        List<Executor<Task>> executors = new ArrayList<>();
        IntStream.range(0, MANY).forEach(i -> executors.add(numbered(crowded, i)));
        Map<String, Integer> built = statements.executionsByName();
        long begin = System.nanoTime();
        executors.forEach(Executor::execute);
        database.await("select count(*) = ? from sleeper where flow > 0", MANY);
        System.out.printf(
                "12.17 started %d executors in %d ms with %d statements%n",
                MANY,
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin),
                statements.allExecutions()
                        - built.values().stream().mapToInt(count -> count).sum());
        awaitNoThreadOfAnExecutor();
        System.out.println("12.17 threads: " + threads());

        Map<String, Integer> before = statements.executionsByName();
        long committedBefore = committed();
        database.query("select pg_sleep(?)", (double) SECONDS);
        long transactions = committed() - committedBefore;
        Map<String, Integer> sent = new TreeMap<>(statements.executionsByName());
        before.forEach((name, count) -> sent.merge(name, -count, Integer::sum));
        int all = sent.values().stream().mapToInt(count -> count).sum();

        System.out.printf("12.17 in %d s: %d statements %s, %d transactions%n", SECONDS, all, sent, transactions);
        assertThat(all).isLessThan(10 * SECONDS);
        assertThat(transactions).isLessThan(10 * SECONDS);
        assertThat(threads()).hasSizeLessThan(20);
        assertThat(executors).allMatch(Executor::isExecuting);
    }

    @Test
    @NotPooled("counts on notifications")
    @DisplayName("12.17 an event for one of many idle executors runs there, and wakes no other")
    void append_toOneOfManyIdle_runsThere() throws InterruptedException {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(8));
        Millrace crowded = opened(Millrace.connect(statements));
        List<Executor<Task>> executors = IntStream.range(0, 200)
                .mapToObj(number -> numbered(crowded, number))
                .toList();
        executors.forEach(Executor::execute);
        database.await("select count(*) = 200 from sleeper where flow > 0");
        Millrace elsewhere = another();
        int before = statements.executions("claim");

        for (int number : new int[] {3, 77, 199}) {
            append(elsewhere.executor("flow-" + number, Task.class).build(), 1); // by another process
            database.await("select count(*) = ? from outcome", ran.size() + 1);
        }
        append(executors.get(5), 1); // by this process
        database.await("select count(*) = 4 from outcome");

        assertThat(ran).containsExactly("flow-3 0", "flow-77 0", "flow-199 0", "flow-5 0");
        assertThat(statements.executions("claim") - before)
                .as("claims; each of 200 that wakes in vain makes one at least")
                .isBetween(4, 100);
    }

    @Test
    @DisplayName("12.17 idle executors that are not notified are looked at by one statement, at their poll intervals")
    void executors_deaf_arePolledTogether() throws InterruptedException {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(8));
        Millrace deaf =
                opened(Millrace.builder().dataSource(statements).listen(false).connect());
        List<Executor<Task>> executors = IntStream.range(0, 50)
                .mapToObj(number -> numbered(deaf, number))
                .toList();
        executors.forEach(Executor::execute);
        database.query("select pg_sleep(2)");

        int before = statements.executions("due_lanes");
        database.query("select pg_sleep(5)");
        int looks = statements.executions("due_lanes") - before;
        append(another().executor("flow-7", Task.class).build(), 1);
        database.await("select count(*) = 1 from outcome");

        System.out.println("12.17 50 deaf executors: looks in 5 s: " + looks);
        assertThat(looks).isLessThanOrEqualTo(5 * 11); // of 200 ms, give or take a half, where there are 250 to be made
    }

    @Test
    @DisplayName("12.17 two executors of one flow: when one is closed the other is still notified")
    void executors_ofOneFlow_shareTheNotification() throws InterruptedException {
        Executor<Task> tasks = tasks().pollInterval(Duration.ofMinutes(10))
                .handler((task, run) -> {
                    ran.add(task.name());
                    return null;
                })
                .build();
        Executor<Other> others = millrace()
                .executor("tasks", Other.class)
                .pollInterval(Duration.ofMinutes(10))
                .handler((other, run) -> null)
                .build();
        tasks.execute();
        others.execute();
        database.await("select exists (select from sleeper where flow > 0) or not exists"
                + " (select from pg_stat_activity where query like '-- listen:%' and datname = current_database())");
        others.close();

        for (int i = 0; i < 5; i++) {
            append(tasks(another()).build(), 1);
            database.await("select count(*) = ? from outcome", i + 1);
        }

        assertThat(ran).hasSize(5);
    }

    private record Other(String text) {}

    @Test
    @DisplayName("12.17 a paced executor that is idle sleeps as well, and keeps its refresh time when it wakes")
    void executor_pacedAndIdle_asksNothing() throws InterruptedException {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(6));
        Millrace paced = opened(Millrace.connect(statements));
        Executor<Task> tasks = tasks(paced)
                .queueCapacity(2)
                .capacityRefreshTime(Duration.ofMillis(50))
                .handler((task, run) -> null)
                .build();
        tasks.execute();
        database.query("select pg_sleep(2)");

        int before = statements.executions("claim");
        database.query("select pg_sleep(3)");
        int claims = statements.executions("claim") - before;
        append(another().executor("tasks", Task.class).build(), 5);
        database.await("select count(*) = 5 from outcome");

        assertThat(claims).as("of 60 refreshes").isZero();
        List<Double> starts = database.list(
                Double.class,
                "select extract(epoch from started_at)::float8 from outcome order by started_at, position");
        assertThat(starts.getLast() - starts.getFirst())
                .as(
                        "the fifth is in the third batch of two; batches are at least a refresh time apart, give or take a claim")
                .isGreaterThan(0.050);
    }

    @Test
    @DisplayName("12.17 executors built for a request leave nothing behind: closed ones, and those that only append")
    void executors_dropped_areCollected() throws InterruptedException {
        List<WeakReference<Object>> dropped = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            dropped.add(new WeakReference<>(appended()));
            dropped.add(new WeakReference<>(runAndClosed()));
        }

        for (int round = 0; round < 100 && alive(dropped) > 0; round++) {
            System.gc();
            database.query("select pg_sleep(0.05)");
        }

        assertThat(alive(dropped)).as("of " + dropped.size()).isZero();
        assertThat(millrace().roster().loops()).isEmpty();
    }

    private static long alive(List<WeakReference<Object>> references) {
        return references.stream().filter(one -> one.get() != null).count();
    }

    private Object appended() {
        Executor<Task> executor = tasks().build();
        append(executor, 1);
        return executor.work();
    }

    private Object runAndClosed() throws InterruptedException {
        CountDownLatch first = new CountDownLatch(1);
        AtomicInteger runs = new AtomicInteger();
        try (Executor<Task> executor = tasks().listener(move -> {})
                .handler((task, run) -> {
                    runs.incrementAndGet();
                    first.countDown();
                    return null;
                })
                .build()) {
            append(executor, 1);
            executor.execute();
            assertThat(first.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            return executor.work();
        }
    }
}
