package dev.millrace.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Start, stop and wake in any order, with a thread of its own and with shared ones. */
@ParameterizedClass(name = "shared threads: {0}")
@ValueSource(booleans = {false, true})
class DutyLoopTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration AN_HOUR = Duration.ofHours(1);

    private final Semaphore performed = new Semaphore(0);
    private final AtomicInteger ended = new AtomicInteger();
    private final Troubles troubles = new Troubles(fatal -> {});
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1);
    private final Hands hands = new Hands(clock);
    private final boolean shared;
    private DutyLoop loop;

    DutyLoopTest(boolean shared) {
        this.shared = shared;
        this.loop = idling(AN_HOUR);
    }

    private DutyLoop idling(Duration time) {
        return loop(() -> {
            performed.release();
            return time;
        });
    }

    private DutyLoop loop(DutyLoop.Duty duty) {
        return new DutyLoop("test", duty, troubles, new Counted(), shared ? hands : null);
    }

    /** Each beginning has its end. */
    private final class Counted implements DutyLoop.Life {
        private final AtomicInteger running = new AtomicInteger();

        @Override
        public void begins() {
            assertThat(running.incrementAndGet()).isOne();
        }

        @Override
        public void ends() {
            assertThat(running.decrementAndGet()).isZero();
            ended.incrementAndGet();
        }
    }

    @AfterEach
    void close() {
        loop.close();
        hands.close();
        clock.shutdownNow();
    }

    private void awaitPerformed(int times) throws InterruptedException {
        assertThat(performed.tryAcquire(times, LONG.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
    }

    @Test
    @DisplayName("R-067 stop wakes a loop that idles for an hour")
    void stop_whileIdling_endsAtOnce() throws InterruptedException {
        loop.start();
        awaitPerformed(1);

        loop.stop();

        assertThat(loop.isRunning()).isFalse();
        assertThat(loop.awaitStopped(LONG)).isTrue();
        assertThat(ended).hasValue(1);
    }

    @Test
    @DisplayName("R-068 a stop right after start is not lost")
    void stop_rightAfterStart_isNotLost() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            loop.start();
            loop.stop();
            assertThat(loop.awaitStopped(LONG)).isTrue();
        }
    }

    @Test
    @DisplayName("R-068 a stop before start has no effect; start after stop runs again; both may be repeated")
    void startAndStop_repeated_areHarmless() throws InterruptedException {
        loop.stop();
        loop.start();
        loop.start();
        awaitPerformed(1);
        assertThat(loop.isRunning()).isTrue();
        loop.stop();
        loop.stop();
        loop.start();
        awaitPerformed(1);

        assertThat(loop.isRunning()).isTrue();
        assertThat(ended).as("the first run ended before the second began").hasValue(1);
    }

    @Test
    void wake_whileIdling_performsAgain() throws InterruptedException {
        loop.start();
        awaitPerformed(1);

        loop.wake();

        awaitPerformed(1);
    }

    @Test
    void wake_whilePerforming_performsAgain() throws InterruptedException {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        loop = loop(() -> {
            performed.release();
            inside.countDown();
            goOn.await();
            return AN_HOUR;
        });
        loop.start();
        inside.await();
        loop.wake();
        goOn.countDown();

        awaitPerformed(2);
    }

    @Test
    void start_whileStopping_waitsAndStartsAnew() throws InterruptedException {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        loop = loop(() -> {
            performed.release();
            inside.countDown();
            goOn.await();
            return AN_HOUR;
        });
        loop.start();
        inside.await();
        loop.stop();
        Thread restarting = Thread.ofPlatform().start(loop::start);
        goOn.countDown();
        restarting.join(LONG);

        awaitPerformed(2);
        assertThat(loop.isRunning()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"exception", "error", "assertion", "checked", "out of memory"})
    @DisplayName("R-066 a duty that throws does not end its loop, whatever it throws (list I.13)")
    void duty_throws_loopGoesOn(String what) throws InterruptedException {
        AtomicInteger times = new AtomicInteger();
        loop = loop(() -> {
            performed.release();
            if (times.incrementAndGet() == 1) {
                switch (what) {
                    case "exception" -> throw new IllegalStateException("odd");
                    case "error" -> throw new NoClassDefFoundError("gone");
                    case "assertion" -> throw new AssertionError("wrong");
                    case "checked" -> throw new InterruptedException("hurry");
                    default -> throw new OutOfMemoryError("full, says the test");
                }
            }
            return AN_HOUR;
        });
        loop.start();

        awaitPerformed(2);
        assertThat(loop.isRunning()).isTrue();
    }

    @Test
    void duty_idlesForAnAbsurdTime_canBeStopped() throws InterruptedException {
        loop = idling(Duration.ofSeconds(Long.MAX_VALUE));
        loop.start();
        awaitPerformed(1);
        loop.wake();
        awaitPerformed(1);

        loop.stop();

        assertThat(loop.awaitStopped(LONG)).isTrue();
    }

    @Test
    @DisplayName("R-068 start, stop and wake from many threads leave a loop that can be started and stopped")
    void anyOrder_manyThreads_endsWell() throws InterruptedException {
        long seed = System.nanoTime();
        System.out.println("DutyLoopTest.anyOrder seed " + seed);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (int thread = 0; thread < 4; thread++) {
                Random random = new Random(seed + thread);
                threads.execute(() -> {
                    for (int step = 0; step < 500; step++) {
                        switch (random.nextInt(3)) {
                            case 0 -> loop.start();
                            case 1 -> loop.stop();
                            default -> loop.wake();
                        }
                    }
                });
            }
        }
        loop.start();
        performed.drainPermits();
        loop.wake();
        awaitPerformed(1);

        loop.stop();

        assertThat(loop.awaitStopped(LONG)).isTrue();
        loop.start();
        assertThat(loop.isRunning()).isTrue();
    }

    @Test
    @DisplayName(
            "12.17 a loop with shared threads has none while it idles, and one again when it is woken, when its time is"
                    + " up, or when it is stopped")
    void idle_withSharedThreads_costsNone() throws InterruptedException {
        Thread[] last = new Thread[1];
        Duration[] next = {DutyLoop.UNTIL_WOKEN};
        loop = new DutyLoop(
                "test",
                () -> {
                    last[0] = Thread.currentThread();
                    performed.release();
                    return next[0];
                },
                troubles,
                new Counted(),
                hands);
        loop.start();
        awaitPerformed(1);
        awaitIdle(last[0]);
        next[0] = Duration.ofMillis(300); // longer than it lingers
        loop.wake();
        awaitPerformed(1);
        awaitIdle(last[0]);
        next[0] = DutyLoop.AT_REST;
        awaitPerformed(1); // by its time
        awaitIdle(last[0]);

        assertThat(loop.isRunning()).isTrue();
        loop.stop();
        assertThat(loop.awaitStopped(LONG)).isTrue();
        assertThat(ended).hasValue(1);
    }

    /** The thread has its spare name again, or has ended. */
    private static void awaitIdle(Thread thread) {
        while (thread.isAlive() && thread.getName().equals("millrace-test")) {
            Thread.onSpinWait();
        }
    }
}
