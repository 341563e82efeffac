package dev.millrace.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Start, stop and wake in any order. */
class DutyLoopTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration AN_HOUR = Duration.ofHours(1);

    private final Semaphore performed = new Semaphore(0);
    private final AtomicInteger ended = new AtomicInteger();
    private final Troubles troubles = new Troubles(fatal -> {});
    private DutyLoop loop = idling(AN_HOUR);

    private DutyLoop idling(Duration time) {
        return new DutyLoop(
                "test",
                () -> {
                    performed.release();
                    return time;
                },
                troubles,
                ended::incrementAndGet);
    }

    @AfterEach
    void close() {
        loop.close();
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
        loop = new DutyLoop(
                "test",
                () -> {
                    performed.release();
                    inside.countDown();
                    goOn.await();
                    return AN_HOUR;
                },
                troubles);
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
        loop = new DutyLoop(
                "test",
                () -> {
                    performed.release();
                    inside.countDown();
                    goOn.await();
                    return AN_HOUR;
                },
                troubles);
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
        loop = new DutyLoop(
                "test",
                () -> {
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
                },
                troubles);
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
}
