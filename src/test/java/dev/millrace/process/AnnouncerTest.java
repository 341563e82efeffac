package dev.millrace.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class AnnouncerTest {
    @Test
    @DisplayName("G6 a listener that throws hears the next all the same, in order")
    void listener_thatThrows_hearsTheNext() throws InterruptedException {
        BlockingQueue<Integer> heard = new LinkedBlockingQueue<>();
        Announcer<Integer> announcer = new Announcer<>(number -> {
            heard.add(number);
            if (number == 1) {
                throw new AssertionError("not me");
            }
        });

        List.of(1, 2, 3).forEach(announcer::offer);

        assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(1);
        assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(2);
        assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(3);
        assertThat(announcer.dropped()).isZero();
    }

    @Test
    @DisplayName("G6 a listener that hangs holds up nobody, and what it misses is counted")
    void listener_thatHangs_missesWhatDoesNotFit() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch hanging = new CountDownLatch(1);
        BlockingQueue<Integer> heard = new LinkedBlockingQueue<>();
        Announcer<Integer> announcer = new Announcer<>(number -> {
            heard.add(number);
            hanging.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        announcer.offer(0);
        hanging.await();

        for (int i = 1; i <= 1_500; i++) {
            announcer.offer(i);
        }

        assertThat(announcer.dropped()).isEqualTo(500);
        end.countDown();
        for (int i = 0; i <= 1_000; i++) {
            assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo(i);
        }
    }
}
