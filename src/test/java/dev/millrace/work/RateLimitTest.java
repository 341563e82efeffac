package dev.millrace.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.millrace.event.Event;
import dev.millrace.event.Terms;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The limit holds in every window, at every nanosecond, and is used up whenever there is enough to do. */
class RateLimitTest {
    private static final long WINDOW = Duration.ofSeconds(1).toNanos();
    private static final Event<String> EVENT = Event.of("text", "x", Terms.DEFAULT);

    private final AtomicLong now = new AtomicLong();

    private RateLimit limit(int starts) {
        return new RateLimit(starts, Duration.ofNanos(WINDOW), now::get);
    }

    private static boolean isGranted(Permission permission) {
        return permission == Permission.Granted.GRANTED;
    }

    @Test
    @DisplayName("R-061 at most n in a window; the next waits, without a strike, exactly until the first has left it")
    void request_fourthInWindow_waitsUntilThere() {
        RateLimit limit = limit(3);
        for (long start : new long[] {0, 10, 20}) {
            now.set(start);
            assertThat(isGranted(limit.request(EVENT))).isTrue();
        }

        now.set(30);
        assertThat(limit.request(EVENT)).isEqualTo(Permission.waitFor(Duration.ofNanos(WINDOW - 30)));
        now.set(WINDOW - 1);
        assertThat(limit.request(EVENT)).isEqualTo(Permission.waitFor(Duration.ofNanos(1)));
        now.set(WINDOW);
        assertThat(isGranted(limit.request(EVENT))).isTrue();
        assertThat(limit.request(EVENT)).isEqualTo(Permission.waitFor(Duration.ofNanos(10)));
    }

    @Test
    @DisplayName("R-061 a burst at a window's border is not let through twice, as a bucket that refills would")
    void request_burstsAtTheBorder_areNotDoubled() {
        RateLimit limit = limit(100);
        now.set(WINDOW - 1);
        for (int i = 0; i < 100; i++) {
            assertThat(isGranted(limit.request(EVENT))).isTrue();
        }

        now.set(WINDOW + 1);
        assertThat(isGranted(limit.request(EVENT))).isFalse();
        assertThat(limit.available(100)).isZero();
        assertThat(limit.untilAvailable()).isEqualTo(Duration.ofNanos(WINDOW - 2));
        now.set(2 * WINDOW - 1);
        assertThat(limit.available(100)).isEqualTo(100);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MIN_VALUE, Long.MAX_VALUE - 100, -5})
    @DisplayName("R-061 the clock may begin anywhere and overflow: nanoTime does")
    void request_anyOrigin_holds(long origin) {
        RateLimit limit = limit(2);
        now.set(origin);
        assertThat(isGranted(limit.request(EVENT))).isTrue();
        assertThat(isGranted(limit.request(EVENT))).isTrue();
        now.set(origin + WINDOW - 1);
        assertThat(isGranted(limit.request(EVENT))).isFalse();
        now.set(origin + WINDOW);
        assertThat(isGranted(limit.request(EVENT))).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 2", "7, 3", "50, 4"})
    @DisplayName("R-061 over random arrivals no window ever holds more than n, and none is refused that would fit")
    void request_randomArrivals_exact(int starts, long seed) {
        System.out.println("RateLimitTest.request_randomArrivals seed " + seed);
        Random random = new Random(seed);
        RateLimit limit = limit(starts);
        List<Long> granted = new ArrayList<>();
        for (int arrival = 0; arrival < 5_000; arrival++) {
            long time = now.addAndGet(random.nextInt(4) == 0 ? random.nextLong(WINDOW) : random.nextLong(WINDOW / 50));
            long inWindow = granted.stream()
                    .skip(Math.max(0, granted.size() - starts))
                    .filter(start -> time - start < WINDOW)
                    .count();
            int wanted = random.nextInt(starts + 2);

            assertThat(limit.available(wanted)).isEqualTo((int) Math.min(wanted, starts - inWindow));
            boolean fits = inWindow < starts;
            assertThat(limit.untilAvailable().isZero()).isEqualTo(fits);
            assertThat(isGranted(limit.request(EVENT))).isEqualTo(fits);
            if (fits) {
                granted.add(time);
            }
        }
        for (int i = starts; i < granted.size(); i++) {
            assertThat(granted.get(i) - granted.get(i - starts)).isGreaterThanOrEqualTo(WINDOW);
        }
    }

    @Test
    @DisplayName("R-061 many threads at one instant get exactly n")
    void request_manyThreads_exact() throws Exception {
        RateLimit limit = limit(1_000);
        int granted = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<Integer>> counts = new ArrayList<>();
            for (int thread = 0; thread < 8; thread++) {
                counts.add(threads.submit(() -> {
                    int mine = 0;
                    for (int i = 0; i < 500; i++) {
                        mine += isGranted(limit.request(EVENT)) ? 1 : 0;
                    }
                    return mine;
                }));
            }
            for (Future<Integer> count : counts) {
                granted += count.get();
            }
        }

        assertThat(granted).isEqualTo(1_000);
    }

    @Test
    void of_outOfBounds_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RateLimit.of(0, Duration.ofSeconds(1)))
                .withMessage("limit must be 1 to 1000000 starts, got 0");
        assertThatIllegalArgumentException().isThrownBy(() -> RateLimit.of(1_000_001, Duration.ofSeconds(1)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RateLimit.of(1, Duration.ofNanos(999_999)))
                .withMessageStartingWith("window must be PT0.001S to PT24H");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RateLimit.of(1, Duration.ofDays(1).plusNanos(1)));
    }
}
