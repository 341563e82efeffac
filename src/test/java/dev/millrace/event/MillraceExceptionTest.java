package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MillraceExceptionTest {
    static Stream<Arguments> defaults() {
        return Stream.of(
                row(ExecutionException::new, "ExecutionError", true, "Execution failed"),
                row(ConnectionException::new, "ConnectionError", true, "Connection error"),
                row(EventTimeoutException::new, "TimeoutError", true, "Operation timed out"),
                row(QueueFullException::new, "QueueFullError", true, "Queue is full"),
                row(ValidationException::new, "ValidationError", false, "Validation failed"),
                row(ConfigurationException::new, "ConfigurationError", false, "Configuration error"),
                row(NotFoundException::new, "NotFoundError", false, "Item not found"),
                row(ExistsException::new, "ExistsError", false, "Item already exists"));
    }

    private static Arguments row(
            Function<String, MillraceException> maker, String name, boolean retryable, String message) {
        return Arguments.of(maker, name, retryable, message);
    }

    @ParameterizedTest
    @MethodSource("defaults")
    @DisplayName("R-019 each library error has its name, its retryable and its message for an empty one")
    void error_withEmptyMessage_fallsBack(
            Function<String, MillraceException> maker, String name, boolean retryable, String message) {
        MillraceException empty = maker.apply("");

        assertThat(empty).hasMessage(message);
        assertThat(empty.retryable()).isEqualTo(retryable);
        assertThat(empty.errorName()).isEqualTo(name);
        assertThat(maker.apply("why")).hasMessage("why");
    }

    @Test
    @DisplayName("R-019 the root is retryable")
    void root_byDefault_isRetryable() {
        assertThat(new MillraceException("x").retryable()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "PT1S,1.0s",
        "PT0.05S,0.05s",
        "PT0.0001S,0.0001s",
        "PT0.000000001S,0.000000001s",
        "PT10M,600.0s",
        "P3650D,315360000.0s"
    })
    @DisplayName("R-016 a timeout error tells the timeout as a decimal")
    void timeout_ofADuration_saysHowLong(Duration timeout, String shown) {
        EventTimeoutException error = new EventTimeoutException(timeout);

        assertThat(error).hasMessage("Operation timed out after " + shown);
        assertThat(error.retryable()).isTrue();
        assertThat(error.errorName()).contains("TimeoutError");
    }

    @Test
    void details_withNullValue_areKeptAndCannotBeChanged() {
        Map<String, Object> given = new HashMap<>();
        given.put("id", null);

        Map<String, Object> details = new ValidationException("x", given).details();

        assertThat(details).containsEntry("id", null).isUnmodifiable();
    }

    @Test
    void errorName_ofAnonymousSubclass_isThatOfTheClassAbove() {
        assertThat(
                        new ValidationException("x") {
                            private static final long serialVersionUID = 1L;
                        }.errorName())
                .isEqualTo("ValidationError");
    }
}
