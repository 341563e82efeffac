package dev.millrace.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

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

        assertThat(heard.poll(60, TimeUnit.SECONDS)).isEqualTo(1);
        assertThat(heard.poll(60, TimeUnit.SECONDS)).isEqualTo(2);
        assertThat(heard.poll(60, TimeUnit.SECONDS)).isEqualTo(3);
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
            assertThat(heard.poll(60, TimeUnit.SECONDS)).isEqualTo(i);
        }
    }

    @Test
    @DisplayName("What a listener throws is logged at once, and then once a second at most, with how many were not")
    void listener_thatAlwaysThrows_isLoggedOnceASecond() throws InterruptedException {
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(Announcer.class);
        lines.start();
        logger.addAppender(lines);
        try {
            CountDownLatch thrown = new CountDownLatch(500);
            Announcer<Integer> announcer = new Announcer<>(number -> {
                thrown.countDown();
                throw new IllegalStateException("not me");
            });
            long begin = System.nanoTime();

            for (int i = 0; i < 500; i++) {
                announcer.offer(i);
            }
            assertThat(thrown.await(60, TimeUnit.SECONDS)).isTrue();

            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
            List<ILoggingEvent> logged = List.copyOf(lines.list);
            assertThat(logged).hasSizeBetween(1, 1 + (int) seconds + 1);
            assertThat(logged.getFirst().getFormattedMessage()).isEqualTo("a listener failed; others=0");
        } finally {
            logger.detachAppender(lines);
        }
    }
}
