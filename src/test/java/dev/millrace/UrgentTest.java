package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How many others start before an urgent event that is appended in the midst of a drain (docs/decisions/0006).
 * {@code -Dmillrace.flat=1000000} makes the backlog that large.
 */
class UrgentTest extends WithMillrace {
    private static final int BACKLOG = Integer.getInteger("millrace.flat", 20_000);
    private static final int URGENT = 10;
    private static final int LIMIT = 20;

    /** The look from the front under way, those above its floor in nine times what it took longer, one more, and what is held. */
    private static final int CLAIMS = 8;

    /** A look from the front comes within that time, however slow such looks have become. */
    private static final long GAP_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final AtomicInteger started = new AtomicInteger();
    private final long[] startNanos = new long[BACKLOG + URGENT];
    private final Map<Integer, CompletableFuture<Void>> marks = new ConcurrentHashMap<>();
    private final Map<String, Integer> urgentStarts = new ConcurrentHashMap<>();

    UrgentTest(TestDatabase database) {
        super(database);
    }

    /** An urgent event as it is appended, and how many had started by then. */
    private record Coming(String name, int startedBefore, long atNanos) {}

    /** What it waited for: others that were started meanwhile, and those of them that were in the second after it came. */
    private record Wait(int overtaken, int withinGap, double millis) {}

    @ParameterizedTest
    @ValueSource(ints = {0, 500})
    @DisplayName("An urgent event that comes during a drain waits for a few claims, not for the backlog")
    void append_ofAnUrgentEventDuringADrain_startsWithinTheBound(int prefetch) throws Exception {
        for (int i = 1; i <= URGENT; i++) {
            marks.put(mark(i), new CompletableFuture<>());
        }
        Executor<Task> tasks = tasks().concurrencyLimit(LIMIT)
                .prefetch(prefetch)
                .handler((task, run) -> {
                    start(task);
                    return null;
                })
                .build();
        tasks.appendAll(IntStream.range(0, BACKLOG).mapToObj(i -> new Task("backlog")));
        tasks.execute();
        List<Coming> comings = new ArrayList<>();
        for (int i = 1; i <= URGENT; i++) {
            marks.get(mark(i)).get(LONG.toSeconds() * 10, TimeUnit.SECONDS);
            // Taken before the commit, so rather too much is counted than too little.
            comings.add(new Coming("urgent-" + i, started.get(), System.nanoTime()));
            tasks.append(new Task("urgent-" + i), Append.priority(1.0));
        }
        assertThat(tasks.join(Duration.ofMinutes(10))).isTrue();

        List<Wait> waits = comings.stream().map(this::waited).toList();
        int[] overtaken = waits.stream().mapToInt(Wait::overtaken).sorted().toArray();
        double[] millis = waits.stream().mapToDouble(Wait::millis).sorted().toArray();
        System.out.printf(
                "UrgentTest: %d pending, prefetch %d: overtaken by %s, after %.1f ms (median) to %.1f ms%n",
                BACKLOG, prefetch, Arrays.toString(overtaken), millis[URGENT / 2], millis[URGENT - 1]);
        int held = LIMIT + prefetch;
        // Not the worst: a look from the front that a busy machine holds up lets nine times as long go by.
        assertThat(overtaken[URGENT / 4]).as("the third best of %s", waits).isLessThanOrEqualTo(CLAIMS * held);
        assertThat(waits)
                .allSatisfy(wait -> assertThat(wait.overtaken()).isLessThanOrEqualTo(wait.withinGap() + 2 * held));
    }

    /** In the first half of the drain, so that who waits for its end waits for half of the backlog. */
    private static int mark(int i) {
        return BACKLOG / (2 * URGENT) * i;
    }

    private void start(Task task) {
        int number = started.getAndIncrement();
        startNanos[number] = System.nanoTime();
        CompletableFuture<Void> mark = marks.get(number);
        if (mark != null) {
            mark.complete(null);
        }
        if (task.name().startsWith("urgent")) {
            urgentStarts.put(task.name(), number);
        }
    }

    private Wait waited(Coming coming) {
        int number = urgentStarts.get(coming.name());
        long atNanos = coming.atNanos();
        int withinGap = (int) Arrays.stream(startNanos, coming.startedBefore(), number)
                .filter(nanos -> nanos - atNanos <= GAP_NANOS)
                .count();
        return new Wait(number - coming.startedBefore(), withinGap, (startNanos[number] - atNanos) / 1e6);
    }
}
