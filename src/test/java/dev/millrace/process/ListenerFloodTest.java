package dev.millrace.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.store.Database;
import dev.millrace.store.Notifications;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a listener makes of more notifications than anybody needs. */
@PostgresTest
@NotPooled("is about LISTEN")
class ListenerFloodTest {
    private static final int FLOOD = 30_000;

    /** 250 that come first in a second, and a hundred looks at what comes then. */
    private static final long MOST_IN_A_SECOND = 250 + 100;

    private static final int LAST = 77;

    private final TestDatabase database;

    ListenerFloodTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    @DisplayName("13.10 a flood of wake-ups alarms a flow 350 times a second at most, and none of the wake-ups is lost")
    void listener_flood_alarmsBoundedTimesASecond() throws InterruptedException {
        Counting alarms = new Counting();
        var pool = new Database(database.newPool(2), "millrace", Duration.ofSeconds(30));
        var notifications = new Notifications(pool, Duration.ofSeconds(30), UUID.randomUUID());
        Listener listener = new Listener(notifications, alarms, new Troubles(error -> {}));
        listener.loop().start();
        try {
            alarms.heard.await();
            long begin = System.nanoTime();

            database.execute("do $$ begin for i in 1.." + FLOOD
                    + " loop perform pg_notify('millrace', '5'); commit; end loop; end $$");
            database.query("select pg_notify('millrace', ?)", Integer.toString(LAST));
            alarms.last.await();

            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin) + 1;
            System.out.printf("13.10 %d notifications in %d s: %d alarms%n", FLOOD, seconds, alarms.calls.get());
            assertThat(alarms.times).hasValue(FLOOD);
            assertThat(alarms.calls.get()).isLessThanOrEqualTo(MOST_IN_A_SECOND * (seconds + 1));
        } finally {
            listener.stop();
            listener.loop().close();
        }
    }

    private static final class Counting implements Listener.Alarms {
        final CountDownLatch heard = new CountDownLatch(1);
        final CountDownLatch last = new CountDownLatch(1);
        final AtomicLong calls = new AtomicLong();
        final AtomicLong times = new AtomicLong();

        @Override
        public void alarm(int flow, int times) {
            if (flow == LAST) {
                last.countDown();
            } else {
                calls.incrementAndGet();
                this.times.addAndGet(times);
            }
        }

        @Override
        public void cancelled(UUID event) {}

        @Override
        public void pauseChanged(int flow) {}

        @Override
        public void hearingChanged() {
            heard.countDown();
        }
    }
}
