package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Hold;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Answers that the database refuses for what they say, alone and among others. */
class RefusedAnswerTest extends WithMillrace {
    private static final String UNTRANSLATABLE = "22P05";

    private FaultyDataSource faults;
    private Executor<Task> tasks;
    private final CountDownLatch all = new CountDownLatch(4);

    RefusedAnswerTest(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void build() {
        faults = new FaultyDataSource(database.newPool(6));
        tasks = tasks(opened(Millrace.builder().dataSource(faults).connect()))
                .handler((task, run) -> {
                    all.countDown();
                    return task.name();
                })
                .build();
    }

    @Test
    void response_thatTheDatabaseRefuses_failsTheEvent() throws InterruptedException {
        faults.set("settle", Moment.BEFORE, 1, Fault.refuse(UNTRANSLATABLE));
        UUID id = tasks.append(new Task("a"));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(event)).contains("the answer could not be stored");
    }

    @Test
    void answer_thatTheDatabaseNeverTakes_givesTheSlotFree() throws InterruptedException {
        for (int i = 1; i <= 2; i++) {
            faults.set("settle", Moment.BEFORE, 1, Fault.refuse(UNTRANSLATABLE));
        }
        append(tasks, 1);
        tasks.start();

        assertThat(tasks.forward()).isOne();
    }

    @Test
    void group_withARefusedAnswerAndThenALostConnection_losesNone() throws InterruptedException {
        Hold first = faults.hold("settle", Moment.BEFORE);
        faults.set("settle", Moment.BEFORE, 2, Fault.refuse(UNTRANSLATABLE)); // the group of three
        faults.set("settle", Moment.BEFORE_COMMIT, 3, Fault.cut()); // the second of them, alone
        List<UUID> ids = new ArrayList<>(append(tasks, 1));
        tasks.execute();
        first.awaitReached();
        ids.addAll(append(tasks, 3));
        all.await();
        awaitSubmitted();

        first.release();

        for (UUID id : ids) {
            assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        }
        assertThat(faults.allStruck()).isTrue();
    }

    /** Handlers have returned; their answers reach the settler in no time, which nothing shows from outside. */
    private void awaitSubmitted() {
        database.query("select pg_sleep(0.2)");
    }
}
