package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Running one event by its id, exactly once however many ask for it. */
class InvokeTest extends WithMillrace {
    private final AtomicInteger runs = new AtomicInteger();

    InvokeTest(TestDatabase database) {
        super(database);
    }

    private Executor<Task> counting(Millrace millrace) {
        return tasks(millrace)
                .handler((task, run) -> "result_" + runs.incrementAndGet())
                .build();
    }

    @Test
    @DisplayName("R-009 a hundred callers over two Millraces run the handler once, and all get the same response")
    void invoke_hundredCallers_oneRun() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        List<Executor<Task>> executors = new ArrayList<>();
        for (Millrace millrace : List.of(millrace(), another())) {
            executors.add(tasks(millrace)
                    .handler((task, run) -> {
                        running.countDown();
                        release.await();
                        return "result_" + runs.incrementAndGet();
                    })
                    .build());
        }
        UUID id = executors.getFirst().append(new Task("x"));
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<JsonNode>> answers = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                Executor<Task> executor = executors.get(i % 2);
                answers.add(callers.submit(() -> executor.invoke(id)));
            }
            assertThat(running.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            release.countDown();

            for (Future<JsonNode> answer : answers) {
                assertThat(answer.get(LONG.toSeconds(), TimeUnit.SECONDS)).hasToString("\"result_1\"");
            }
        }
        assertThat(runs).hasValue(1);
        assertThat(event(executors.getFirst(), id).execution().attempt()).isEqualTo(1);
    }

    @Test
    @DisplayName("R-009 callers of invoke and the background loops of two Millraces run each event once")
    void invoke_whileLoopsRun_oneRunEach() throws Exception {
        Executor<Task> here = counting(millrace());
        Executor<Task> there = counting(another());
        List<UUID> ids = append(here, 200);
        here.execute();
        there.execute();
        try (ExecutorService callers = Executors.newFixedThreadPool(8)) {
            List<Callable<JsonNode>> calls = new ArrayList<>();
            for (int i = 0; i < ids.size(); i++) {
                UUID id = ids.get(ids.size() - 1 - i); // from the other end than the loops
                Executor<Task> executor = i % 2 == 0 ? here : there;
                calls.add(() -> executor.invoke(id));
            }
            for (Future<JsonNode> answer : callers.invokeAll(calls)) {
                assertThat(answer.get()).isNotNull();
            }
        }

        assertThat(runs).hasValue(200);
        assertThat(database.longValue("select sum(attempt) from outcome")).isEqualTo(200);
    }

    @Test
    @DisplayName("R-008 invoke returns the response; again and again the stored one, without running")
    void invoke_again_returnsCachedResponse() throws InterruptedException {
        Executor<Task> tasks = counting(millrace());
        UUID id = tasks.append(new Task("x"));

        assertThat(tasks.invoke(id)).hasToString("\"result_1\"");
        assertThat(tasks.invoke(id)).hasToString("\"result_1\"");
        assertThat(counting(another()).invoke(id)).hasToString("\"result_1\"");
        assertThat(runs).hasValue(1);
    }

    @Test
    @DisplayName("R-008 a null response is a JSON null; a failure, a timeout and a cancellation are null")
    void invoke_withoutResponse_isNull() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> switch (task.name()) {
                    case "fail" -> throw new IllegalStateException("no");
                    case "slow" -> new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS);
                    default -> null;
                })
                .build();
        UUID cancelled = tasks.append(new Task("x"));
        tasks.cancel(cancelled, "not needed");

        assertThat(tasks.invoke(tasks.append(new Task("null")))).isEqualTo(NullNode.instance);
        assertThat(tasks.invoke(tasks.append(new Task("fail")))).isNull();
        assertThat(tasks.invoke(tasks.append(new Task("slow"), Append.timeout(Duration.ofMillis(20)))))
                .isNull();
        assertThat(tasks.invoke(cancelled)).isNull();
    }

    @Test
    @DisplayName("R-007 invoke of what is over runs nothing, in each of the five statuses")
    void invoke_terminal_isNoOp() throws InterruptedException {
        Executor<Task> tasks = tasks().maxDenials(1)
                .permission(event -> Permission.of(!event.payload().name().equals("aborted")))
                .handler((task, run) -> {
                    runs.incrementAndGet();
                    return switch (task.name()) {
                        case "failed" -> throw new IllegalStateException("no");
                        case "cancelled" -> throw run.cancel("stop");
                        default -> "done";
                    };
                })
                .build();
        List<UUID> ids = tasks.appendAll(List.of(
                new Task("completed"), new Task("failed"), new Task("cancelled"), new Task("aborted"), new Task("s")));
        tasks.skip(ids.getLast(), "not needed");
        tasks.start();
        tasks.forward();
        int before = runs.get();

        for (UUID id : ids) {
            tasks.invoke(id);
        }

        assertThat(runs).hasValue(before);
        assertThat(ids)
                .extracting(id -> event(tasks, id).status())
                .containsExactly(
                        EventStatus.COMPLETED,
                        EventStatus.FAILED,
                        EventStatus.CANCELLED,
                        EventStatus.ABORTED,
                        EventStatus.SKIPPED);
    }

    @Test
    @DisplayName("R-007 invoke of what runs waits for it and runs nothing itself")
    void invoke_whileProcessing_waits() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    running.countDown();
                    release.await();
                    return runs.incrementAndGet();
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        assertThat(running.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<JsonNode> answer = callers.submit(() -> counting(another()).invoke(id));
            release.countDown();

            assertThat(answer.get(LONG.toSeconds(), TimeUnit.SECONDS)).hasToString("1");
        }
        assertThat(runs).hasValue(1);
    }

    @Test
    @DisplayName(
            "R-009 a caller that is interrupted gives up; the event goes on, and the next caller gets its response")
    void invoke_callerInterrupted_eventGoesOn() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch gaveUp = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    running.countDown();
                    release.await();
                    return "result_" + runs.incrementAndGet();
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                tasks.invoke(id);
            } catch (InterruptedException e) {
                gaveUp.countDown();
            }
        });
        assertThat(running.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();

        caller.interrupt();
        assertThat(gaveUp.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        release.countDown();

        assertThat(tasks.invoke(id)).hasToString("\"result_1\"");
    }

    @Test
    @DisplayName("R-007 invoke runs what is not due yet, now")
    void invoke_scheduled_runsNow() throws InterruptedException {
        Executor<Task> tasks = counting(millrace());
        UUID id = tasks.append(
                new Task("x"), Append.defaults().withRunAt(Instant.now().plus(Duration.ofDays(1))));

        assertThat(tasks.invoke(id)).hasToString("\"result_1\"");
    }

    @Test
    @DisplayName("R-007 invoke asks no permission and takes no slot")
    void invoke_asksNoPermission() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        Executor<Task> tasks = tasks().concurrencyLimit(1)
                .permission(event -> Permission.of(event.payload().name().equals("long")))
                .handler((task, run) -> {
                    if (task.name().equals("long")) {
                        running.countDown();
                        release.await();
                    }
                    return task.name();
                })
                .build();
        UUID occupies = tasks.append(new Task("long"));
        tasks.execute();
        assertThat(running.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        tasks.stop();

        assertThat(tasks.invoke(tasks.append(new Task("x")))).hasToString("\"x\"");

        release.countDown();
        assertThat(ended(tasks, occupies).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("R-007 invoke of an unknown id says so")
    void invoke_unknown_isRefused() {
        Executor<Task> tasks = counting(millrace());
        UUID id = UUID.randomUUID();

        assertThatThrownBy(() -> tasks.invoke(id))
                .isInstanceOf(NotFoundException.class)
                .hasMessage("event " + id + " not found in flow 'tasks'");
    }

    @Test
    @DisplayName("R-008 await gives the event once it has ended, and nothing if it has not in time")
    void await_pending_isEmpty() throws InterruptedException {
        Executor<Task> tasks = counting(millrace());
        UUID id = tasks.append(new Task("x"));

        assertThat(tasks.await(id, Duration.ofMillis(30))).isEmpty();
        assertThat(tasks.await(id, Duration.ZERO)).isEmpty();
        tasks.execute();

        Event<Task> event = tasks.await(id, LONG).orElseThrow();
        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
    }
}
