package dev.millrace.failpoints;

import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.ExecutorBuilder;
import dev.millrace.Millrace;
import dev.millrace.MillraceBuilder;
import dev.millrace.event.Event;
import dev.millrace.failpoints.Job.Errand;
import dev.millrace.failpoints.Job.Task;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import dev.millrace.work.Run;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** A process that works on a sandbox's events and notes what it runs. Thread-safe. */
final class Worker implements AutoCloseable {
    private static final Duration SHORT_GRACE = Duration.ofMillis(100);
    private static final Duration LONG_GRACE = Duration.ofMinutes(2);

    private final Script script;
    private final Sandbox sandbox;
    private final Interjection interjection;
    private final Millrace millrace;
    private final Executor<Job> executor;

    /** What the one that shall be struck does at the places in the application's code; nothing in the other. */
    @FunctionalInterface
    interface Interjection {
        Interjection NONE = (place, run) -> {};

        /** Is called at a place, for the subject alone. */
        void at(String place, int attempt) throws Exception;
    }

    Worker(Script script, Sandbox sandbox, Interjection interjection, UnaryOperator<MillraceBuilder> source) {
        this.script = script;
        this.sandbox = sandbox;
        this.interjection = interjection;
        this.millrace = source.apply(Millrace.builder())
                .lease(Sandbox.LEASE)
                .shutdownGrace(script == Script.CLOSE ? SHORT_GRACE : LONG_GRACE)
                .maxCrashes(maxCrashes(script))
                .onLateResult(late -> noteLate(late.event(), late.attempt()))
                .connect();
        this.executor = build();
    }

    static int maxCrashes(Script script) {
        return script == Script.RESCUE_AND_ABORT ? 1 : 3;
    }

    private Executor<Job> build() {
        ExecutorBuilder<Job> builder = millrace.executor(Sandbox.FLOW, Job.class)
                .register(Task.class)
                .concurrencyLimit(script == Script.DENY || script == Script.SUSPECT ? 2 : 1)
                .pollInterval(script.looksSeldom() ? Duration.ofSeconds(3) : Duration.ofMillis(50))
                .denialBackOff(Duration.ZERO)
                .permission(this::permit)
                .retry(RetryPolicy.fixed(Duration.ofMillis(50), 5))
                .handler(this::handle);
        if (script == Script.TWO_TYPES) {
            builder.register(Errand.class);
        }
        if (script == Script.APPEND_BOUNDED) {
            builder.maxQueueSize(100);
        }
        return builder.build();
    }

    private void noteLate(UUID id, int attempt) {
        try {
            sandbox.late(id, attempt);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private Permission permit(Event<? extends Job> event) throws Exception {
        if (event.id().equals(sandbox.subject())) {
            int attempt = event.execution().attempt();
            interjection.at("permission", attempt);
            return script == Script.DENY && attempt == 1 ? Permission.denied("the first time") : Permission.granted();
        }
        return Permission.granted();
    }

    private Object handle(Job job, Run<Job> run) throws Exception {
        boolean subject = run.id().equals(sandbox.subject());
        sandbox.started(run.id(), run.attempt());
        if (subject) {
            interjection.at("handler", run.attempt());
        }
        switch (script) {
            case RETRY -> {
                if (subject && run.attempt() == 1) {
                    throw new IllegalStateException("the first time");
                }
            }
            case CHUNK -> run.emit("a piece");
            case TRANSACTION -> {
                return inTransaction(run, subject);
            }
            default -> {}
        }
        if (subject) {
            interjection.at("answer", run.attempt());
        }
        sandbox.ended(run.id(), run.attempt());
        return run.attempt();
    }

    private int inTransaction(Run<Job> run, boolean subject) throws Exception {
        int answer = run.transaction(connection -> {
            write(connection, run.id());
            sandbox.ended(
                    run.id(), run.attempt()); // before the commit: it may be the last that is heard of this process
            if (subject) {
                interjection.at("written", run.attempt());
            }
            return run.attempt();
        });
        if (subject) {
            interjection.at("committed", run.attempt());
        }
        return answer;
    }

    private static void write(Connection connection, UUID id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("insert into torture.wrote values (?)")) {
            statement.setObject(1, id);
            statement.executeUpdate();
        }
    }

    Executor<Job> executor() {
        return executor;
    }

    /** The subject and, behind it, the neighbour. */
    List<Event<Job>> events() {
        Job second = script == Script.TWO_TYPES ? new Errand(2) : new Task(2);
        return List.of(
                executor.newEvent(new Task(1), Append.defaults().withId(sandbox.subject())),
                executor.newEvent(second, Append.defaults().withId(sandbox.neighbour())));
    }

    /** Appends them as the script has them. */
    void append() throws SQLException {
        sandbox.tried(List.of(sandbox.subject(), sandbox.neighbour()));
        if (script == Script.DELAYED) {
            Append later = Append.delay(Duration.ofMillis(700)); // from when it is stored, however long that takes
            executor.append(new Task(1), later.withId(sandbox.subject()));
            executor.append(new Task(2), Append.defaults().withId(sandbox.neighbour()));
        } else {
            executor.appendEvents(events());
        }
    }

    /** As its process does at its end. */
    @Override
    public void close() {
        millrace.close();
    }
}
