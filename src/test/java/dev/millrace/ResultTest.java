package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExceptionGroup;
import dev.millrace.event.NotEndedException;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.RemoteException;
import dev.millrace.event.UncompletedException;
import dev.millrace.event.ValidationException;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Waiting for what comes of events, in a process that runs none of them. */
class ResultTest extends WithMillrace {
    ResultTest(TestDatabase database) {
        super(database);
    }

    record Answer(String to, int length) {}

    /** An executor in another process, so to speak, that only appends and waits. */
    private Executor<Task> client() {
        return tasks(another()).build();
    }

    private static UncompletedException uncompleted(CompletableFuture<?> result) throws Exception {
        var thrown =
                catchThrowableOfType(ExecutionException.class, () -> result.get(LONG.toSeconds(), TimeUnit.SECONDS));
        assertThat(thrown).hasCauseInstanceOf(UncompletedException.class);
        return (UncompletedException) thrown.getCause();
    }

    @Test
    @DisplayName("A result is the typed response, once the event has ended in another process; null for a null")
    void result_completedElsewhere_isTheTypedResponse() throws Exception {
        Executor<Task> client = client();
        UUID id = client.append(new Task("hello"));
        UUID none = client.append(new Task("null"));
        CompletableFuture<Answer> before = client.result(id, Answer.class);
        tasks().handler((task, run) -> task.name().equals("null")
                        ? null
                        : new Answer(task.name(), task.name().length()))
                .build()
                .execute();

        assertThat(before.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(new Answer("hello", 5));
        assertThat(client.result(id, Answer.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .as("asked after the end")
                .isEqualTo(new Answer("hello", 5));
        assertThat(client.result(none, Answer.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .isNull();
        JsonNode json = client.result(none).get(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(json.isNull()).isTrue();
        assertThatThrownBy(() -> client.result(id, Integer.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(ValidationException.class);
    }

    @Test
    @DisplayName(
            "The result of an event that failed is an exception with the remote error, its kind and message, inside")
    void result_failed_hasTheRemoteError() throws Exception {
        Executor<Task> client = client();
        UUID id = client.append(new Task("x"));
        tasks().handler((task, run) -> {
                    throw new ExceptionGroup(
                            "two things",
                            List.of(new IllegalStateException("first"), new ValidationException("second")));
                })
                .build()
                .execute();

        UncompletedException error = uncompleted(client.result(id));

        assertThat(error.event()).isEqualTo(id);
        assertThat(error.status()).isEqualTo(EventStatus.FAILED);
        assertThat(error.retryable()).as("as the event").isFalse();
        assertThat(error).hasMessageContaining(id.toString()).hasMessageContaining("failed");
        RemoteException remote = error.error();
        assertThat(remote).isSameAs(error.getCause());
        assertThat(remote.kind()).isEqualTo("ExceptionGroup");
        assertThat(remote.text())
                .isEqualTo(
                        "ExceptionGroup: two things (2 sub-exceptions)\n  IllegalStateException: first\n  ValidationError: second");
        assertThat(remote.getSuppressed()[1]).hasMessage("ValidationError: second");
        assertThat(((RemoteException) remote.getSuppressed()[1]).retryable()).isFalse();
    }

    @Test
    @DisplayName("The result of an event that was cancelled, skipped or aborted says which and why")
    void result_otherEnds_saysWhich() throws Exception {
        Executor<Task> client = client();
        UUID cancelled = client.append(new Task("x"));
        UUID skipped = client.append(new Task("x"));
        UUID timedOut = client.append(new Task("x"), Append.timeout(Duration.ofMillis(50)));
        UUID aborted = client.append(new Task("deny"));
        List<CompletableFuture<JsonNode>> results = List.of(
                client.result(cancelled), client.result(skipped), client.result(timedOut), client.result(aborted));
        assertThat(client.cancel(cancelled, "withdrawn")).isTrue();
        assertThat(client.skip(skipped, "weekend")).isTrue();
        tasks().denialBackOff(Duration.ZERO)
                .permission(
                        asked -> asked.payload().name().equals("deny") ? Permission.denied("no") : Permission.granted())
                .handler((task, run) -> new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS))
                .build()
                .execute();

        assertThat(uncompleted(results.get(0)).error()).hasMessage("CancelledError: withdrawn");
        assertThat(uncompleted(results.get(1)).status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(uncompleted(results.get(2)).error()).hasMessage("TimeoutError: Operation timed out after 0.05s");
        assertThat(uncompleted(results.get(3)).status()).isEqualTo(EventStatus.ABORTED);
    }

    @Test
    @DisplayName(
            "The result of an event that the flow does not have, or not any more, fails and does not wait for ever")
    void result_unknown_fails() {
        Executor<Task> client = client();
        Executor<Task> other = millrace().executor("other", Task.class).build();
        UUID elsewhere = other.append(new Task("x"));
        UUID endedElsewhere = other.append(new Task("x"));
        assertThat(other.skip(endedElsewhere, "not needed")).isTrue();
        UUID cleaned = client.append(new Task("x"));

        assertThatThrownBy(() -> client.result(UUID.randomUUID()).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.result(elsewhere).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.result(endedElsewhere).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(NotFoundException.class);
        CompletableFuture<JsonNode> result = client.result(cleaned);
        database.execute("with r as (delete from ready where id = ?) delete from event where id = ?", cleaned, cleaned);
        assertThatThrownBy(() -> result.get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(NotFoundException.class);
    }

    @Test
    @DisplayName("A result that is cancelled, or had its time, is not asked for any more; the event goes on")
    void result_cancelled_isForgotten() throws Exception {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(4));
        Executor<Task> client = tasks(opened(Millrace.connect(statements))).build();
        UUID id = client.append(new Task("x"));
        CompletableFuture<JsonNode> cancelled = client.result(id);
        CompletableFuture<JsonNode> late = client.result(id).orTimeout(50, TimeUnit.MILLISECONDS);

        assertThat(cancelled.cancel(false)).isTrue();
        assertThatThrownBy(() -> late.get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(TimeoutException.class);
        database.query("select pg_sleep(0.3)"); // a look under way may still end
        int before = statements.executionsByName().getOrDefault("settled", 0);
        database.query("select pg_sleep(0.5)");

        assertThat(statements.executionsByName().getOrDefault("settled", 0)).isEqualTo(before);
        assertThat(event(client, id).status()).isEqualTo(EventStatus.PENDING);
    }

    @Test
    @DisplayName("What follows a result may wait for another: it holds up no other waiter")
    void result_slowConsumer_holdsUpNobody() throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> task.name()).build();
        CountDownLatch release = new CountDownLatch(1);
        CompletableFuture<Boolean> slow = tasks.result(tasks.append(new Task("slow")))
                .thenApply(response -> {
                    try {
                        return release.await(LONG.toSeconds(), TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        throw new CompletionException(e);
                    }
                });
        tasks.execute();

        assertThat(tasks.appendAndAwait(new Task("quick"), LONG).asText()).isEqualTo("quick");
        release.countDown();
        assertThat(slow.get(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    @Test
    @DisplayName("appendAndAwait returns the response, throws the remote error, and names the id when the time is over")
    void appendAndAwait_ends() throws InterruptedException {
        Executor<Task> client = client();
        NotEndedException late = catchThrowableOfType(
                NotEndedException.class, () -> client.appendAndAwait(new Task("late"), Duration.ofMillis(20)));
        tasks().handler((task, run) -> {
                    if (task.name().equals("fail")) {
                        throw new IllegalStateException("no");
                    }
                    return Map.of("to", task.name(), "length", 4);
                })
                .build()
                .execute();

        assertThat(client.appendAndAwait(new Task("json"), LONG).path("to").asText())
                .isEqualTo("json");
        assertThat(client.appendAndAwait(new Task("type"), Append.priority(1), Answer.class, LONG))
                .isEqualTo(new Answer("type", 4));
        assertThatThrownBy(() -> client.appendAndAwait(new Task("fail"), LONG))
                .isInstanceOf(UncompletedException.class)
                .hasRootCauseInstanceOf(RemoteException.class)
                .hasRootCauseMessage("IllegalStateException: no");
        assertThat(late).hasMessageContaining(late.event().toString());
        assertThat(ended(client, late.event()).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("Closing lets those go who wait for results, and those who come after")
    void close_whileAwaited_letsGo() {
        Millrace millrace = another();
        Executor<Task> client = tasks(millrace).build();
        UUID id = client.append(new Task("x"));
        CompletableFuture<JsonNode> result = client.result(id);

        millrace.close();

        assertThatThrownBy(() -> result.get(LONG.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> client.result(id))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("this Millrace is closed");
    }

    @Test
    @DisplayName("A thousand awaited events cost one process at most 20 statements a second while nothing happens")
    void result_ofAThousand_asksLittle() throws Exception {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(4));
        Executor<Task> client = tasks(opened(Millrace.connect(statements))).build();
        List<UUID> ids = append(client, 1_000);
        List<CompletableFuture<JsonNode>> results =
                ids.stream().map(client::result).toList();
        database.query("select pg_sleep(0.5)"); // they are asked for less and less often

        int before = total(statements);
        long begin = System.nanoTime();
        database.query("select pg_sleep(4)");
        double rate = (total(statements) - before) / ((System.nanoTime() - begin) / 1e9);

        System.out.printf("ResultTest: 1,000 awaited events, %.1f statements/s%n", rate);
        assertThat(rate).isPositive().isLessThanOrEqualTo(20.0);
        long woken = System.nanoTime();
        tasks().handler((task, run) -> task.name()).build().execute();
        CompletableFuture.allOf(results.toArray(CompletableFuture<?>[]::new)).get(LONG.toSeconds(), TimeUnit.SECONDS);
        System.out.printf("ResultTest: all had ended after %d ms%n", (System.nanoTime() - woken) / 1_000_000);
        assertThat(results.get(7).join().asText()).isEqualTo("7");
    }

    private static int total(FaultyDataSource statements) {
        return statements.executionsByName().values().stream()
                .mapToInt(count -> count)
                .sum();
    }
}
