package dev.millrace.crash;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.MillraceBuilder;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A user's first program, in a process of its own: its main connects, executes, and returns or waits for a signal. */
final class FirstProgram {
    static final String FLOW = "first";

    private static final AtomicReference<@Nullable Executor<Word>> EXECUTOR = new AtomicReference<>();

    private FirstProgram() {}

    /**
     * What an event says, and what its handler does.
     *
     * @param text {@code stop}: stops the executor and goes on for a moment; {@code slow}: goes on for a moment;
     *     {@code fatal}: ends the trust in this JVM; anything else: nothing
     */
    record Word(String text) {}

    /** Arguments: where the database is, and {@code returns}, {@code unkept} or {@code waits}. */
    public static void main(String[] arguments) throws InterruptedException {
        switch (arguments[1]) {
            case "returns" -> execute(Millrace.builder().jdbcUrl(arguments[0]).connect());
            case "unkept" ->
                execute(Millrace.builder()
                        .jdbcUrl(arguments[0])
                        .keepAlive(false)
                        .connect());
            case "waits" -> {
                MillraceBuilder builder =
                        Millrace.builder().jdbcUrl(arguments[0]).shutdownGrace(Duration.ofSeconds(30));
                try (Millrace millrace = builder.connect().closeOnShutdown()) {
                    execute(millrace);
                    new CountDownLatch(1).await();
                }
            }
            default -> throw new IllegalArgumentException(arguments[1]);
        }
        System.out.println("main returns");
    }

    private static void execute(Millrace millrace) {
        Executor<Word> words = millrace.executor(FLOW, Word.class)
                .handler((word, run) -> handle(word, run.id()))
                .build();
        EXECUTOR.set(words);
        words.execute();
        System.out.println("executes");
    }

    private static String handle(Word word, UUID id) throws InterruptedException {
        System.out.println("handles " + word.text() + " " + id);
        Executor<Word> executor = EXECUTOR.get();
        switch (word.text()) {
            case "stop" -> {
                if (executor != null) {
                    executor.stop();
                }
                goOn();
            }
            case "slow" -> goOn();
            case "fatal" -> throw new OutOfMemoryError("says the test");
            default -> {
                return "done";
            }
        }
        return "done";
    }

    private static void goOn() throws InterruptedException {
        boolean unused = new CountDownLatch(1).await(700, TimeUnit.MILLISECONDS);
    }
}
