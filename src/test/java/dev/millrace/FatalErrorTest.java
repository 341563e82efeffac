package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Errors after which a JVM is not to be trusted. */
class FatalErrorTest extends WithMillrace {
    FatalErrorTest(TestDatabase database) {
        super(database);
    }

    @Test
    @DisplayName("A14 after an OutOfMemoryError the worker claims nothing, gives back what it holds, and says so")
    void outOfMemory_inAHandler_stopsTheWorkerAndReleasesWhatItHolds() throws InterruptedException {
        BlockingQueue<Throwable> heard = new LinkedBlockingQueue<>();
        Millrace failing = opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .shutdownGrace(Duration.ofMillis(100))
                .onFatalError(heard::add)
                .connect());
        CountDownLatch neighbourRuns = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        Executor<Task> tasks = tasks(failing)
                .handler((task, run) -> {
                    if (task.name().equals("large")) {
                        neighbourRuns.await();
                        throw new OutOfMemoryError("as if");
                    }
                    neighbourRuns.countDown();
                    never.await();
                    return null;
                })
                .build();
        UUID neighbour = tasks.append(new Task("neighbour"));
        UUID large = tasks.append(new Task("large"));
        tasks.execute();

        assertThat(heard.poll(60, TimeUnit.SECONDS)).isInstanceOf(OutOfMemoryError.class);
        assertThat(failing.fatalError()).containsInstanceOf(OutOfMemoryError.class);
        assertThat(ended(tasks, large).status()).isEqualTo(EventStatus.FAILED);
        database.await("select exists (select from ready where id = ? and deaths = 0)", neighbour);
        UUID later = tasks.append(new Task("later"));
        assertThat(tasks.await(later, Duration.ofMillis(500))).isEmpty();
        assertThat(attempts(neighbour)).isEqualTo(List.of("shutdown"));
    }

    @Test
    void stackOverflow_inAHandler_failsItsEventOnly() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    throw new StackOverflowError("as if");
                })
                .build();
        tasks.execute();

        for (UUID id : append(tasks, 3)) {
            assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.FAILED);
        }
        assertThat(millrace().fatalError()).isEmpty();
    }
}
