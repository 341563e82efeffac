package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.process.Troubles;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Questions that are asked while all ends. */
class InquiriesTest {
    private final Inquiries<Integer, Integer> inquiries =
            new Inquiries<>("asked", 10, questions -> Map.of(), new Troubles(fatal -> {}));

    private static void assertLetGo(CompletableFuture<Integer> answer) {
        assertThat(answer)
                .failsWithin(10, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .withMessageContaining("this Millrace is closed");
    }

    /** Whoever closes a Millrace stops the loops first, and lets those go who wait last. */
    @Test
    void ask_betweenTheStopOfTheLoopAndTheEnd_isLetGoAndLeavesNoThread() throws InterruptedException {
        inquiries.loop().start();
        inquiries.loop().stop();
        CompletableFuture<Integer> answer = inquiries.ask(1);
        assertThat(inquiries.loop().isRunning()).isTrue();

        inquiries.close();

        assertLetGo(answer);
        assertThat(inquiries.loop().awaitStopped(Duration.ofSeconds(60))).isTrue();
    }

    @Test
    void ask_afterTheEnd_isLetGoAndStartsNoThread() {
        inquiries.close();

        assertLetGo(inquiries.ask(1));
        assertThat(inquiries.loop().isAlive()).isFalse();
    }
}
