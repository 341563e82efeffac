package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.ConfigurationException;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Settings at their bounds work. What lies beyond is refused: see {@link BadSettingsTest}. */
class SettingsTest extends WithMillrace {
    SettingsTest(TestDatabase database) {
        super(database);
    }

    interface Setting extends UnaryOperator<ExecutorBuilder<Task>> {}

    private static Arguments setting(String message, Setting setting) {
        return Arguments.of(message, setting);
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                setting("capacity 1", b -> b.queueCapacity(1)),
                setting("capacity 10000", b -> b.queueCapacity(10_000)),
                setting("refresh 0.01 s", b -> b.capacityRefreshTime(Duration.ofMillis(10))),
                setting("refresh 3600 s", b -> b.capacityRefreshTime(Duration.ofHours(1))),
                setting("concurrency 1", b -> b.concurrencyLimit(1)),
                setting("concurrency 100000", b -> b.concurrencyLimit(100_000)),
                setting("max queue 1", b -> b.maxQueueSize(1)),
                setting("denials 1000", b -> b.maxDenials(1_000)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("accepted")
    @DisplayName("R-041..R-043 the bounds themselves are accepted")
    void build_atTheBound_isAccepted(String what, Setting setting) throws InterruptedException {
        Executor<Task> tasks =
                setting.apply(tasks()).handler((task, run) -> null).build();
        tasks.append(new Task("x"));
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(1);
    }

    @Test
    @DisplayName("R-077 start, forward and execute need a handler, and say so; appending and querying do not")
    void start_noHandler_isRefused() throws InterruptedException {
        Executor<Task> client = tasks().build();
        client.append(new Task("x"));

        assertThat(client.forward()).isZero();
        assertThatThrownBy(client::execute)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("executor 'tasks' has no handler");
        assertThat(client.isExecuting()).isFalse();
        assertThat(client.pendingEvents()).hasSize(1);
    }
}
