package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** Answers that cannot be stored as they are, and responses that cannot be read as what was asked for. */
class UnstoredAnswerTest extends WithMillrace {
    private static final Logger LOG = (Logger) LoggerFactory.getLogger("dev.millrace.failures");

    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    UnstoredAnswerTest(TestDatabase database) {
        super(database);
    }

    /** What a result is asked for as. */
    record Answer(String to, int length) {}

    @BeforeEach
    void listen() {
        lines.start();
        LOG.addAppender(lines);
    }

    @AfterEach
    void listenNoMore() {
        LOG.detachAppender(lines);
    }

    private static Object itself() {
        List<Object> self = new ArrayList<>();
        self.add(self);
        return self;
    }

    static Stream<Arguments> answers() {
        return Stream.of(
                Arguments.of("java.util.Optional", (Supplier<Object>) () -> Optional.of("canary")),
                Arguments.of("java.util.stream.", (Supplier<Object>) () -> Stream.of("canary")),
                Arguments.of("java.util.ArrayList", (Supplier<Object>) UnstoredAnswerTest::itself));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    @DisplayName(
            "12.6 an answer that Jackson cannot write completes its event; the log says class and reason, and result() says it")
    void answer_thatCannotBeWritten_isToldOf(String type, Supplier<Object> answer) throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> answer.get()).build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.execution().response()).hasToString("\"<unserializable>\"");
        ILoggingEvent line = lines.list.getFirst();
        assertThat(line.getLevel()).isEqualTo(Level.WARN);
        assertThat(line.getFormattedMessage())
                .startsWith("event=%s flow=tasks type=task attempt=1 its response of %s".formatted(id, type))
                .contains("is not stored")
                .contains(" at $")
                .doesNotContain("canary");
        for (Class<?> asked : List.of(Answer.class, String.class, Map.class)) {
            assertThatThrownBy(() -> tasks.result(id, asked).get(LONG.toSeconds(), TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(ValidationException.class)
                    .hasMessageStartingWith("event %s completed, but its response is not stored".formatted(id))
                    .hasMessageContaining("cannot be written as JSON");
        }
    }

    @Test
    @DisplayName("12.6 an answer over the cap is told of likewise, instead of being read as an object without values")
    void answer_overTheCap_isToldOf() throws Exception {
        Millrace small = opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .responseCap(100)
                .connect());
        Executor<Task> tasks =
                tasks(small).handler((task, run) -> "long ".repeat(100)).build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        ended(tasks, id);

        assertThat(lines.list.getFirst().getFormattedMessage())
                .contains("its response of java.lang.String is not stored")
                .contains("its JSON takes 502 bytes, responseCap is 100");
        assertThatThrownBy(() -> tasks.result(id, Answer.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .cause()
                .hasMessageContaining(
                        "its response is not stored: its JSON is too large (502 bytes, responseCap was 100)");
    }

    @Test
    @DisplayName("12.6 a chunk that Jackson cannot write is told of in the log")
    void chunk_thatCannotBeWritten_isToldOf() throws Exception {
        Executor<Task> tasks = tasks().streamHandler((task, run) -> Stream.of(1, Optional.of(2)))
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        ended(tasks, id);

        assertThat(tasks.chunks(id, 0, 10)).extracting(Object::toString).containsExactly("1", "\"<unserializable>\"");
        assertThat(lines.list.getFirst().getFormattedMessage())
                .contains("its chunk of java.util.Optional is not stored");
    }

    @Test
    @DisplayName("12.6 a handler that always answers so is told of once a second, not once an event")
    void answers_many_areToldOfOnceASecond() throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> Optional.of(1)).build();
        long begin = System.nanoTime();
        append(tasks, 500);
        tasks.execute();
        assertThat(tasks.join(LONG)).isTrue();
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);

        assertThat(lines.list.size()).isBetween(1, (int) seconds + 1);
    }

    @Test
    @DisplayName(
            "12.29 errors about responses say response, which event, and what to ask for instead; never the content")
    void response_ofAnotherShape_saysSo() throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> Map.of("to", "x", "length", "canary"))
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        ended(tasks, id);

        assertThatThrownBy(() -> tasks.result(id, Answer.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(ValidationException.class)
                .hasMessage(
                        ("undecodable response of event %s for %s at $.length: its text or number does not fit int; ask for the"
                                        + " class that its handler answers with, or for the JSON by result(id)")
                                .formatted(id, Answer.class.getName()));
        assertThatThrownBy(() -> tasks.appendAndAwait(new Task("x"), Append.defaults(), Answer.class, LONG))
                .isInstanceOf(ValidationException.class)
                .hasMessageStartingWith("undecodable response of event ")
                .hasMessageNotContainingAny("canary", "payload");
    }

    @Test
    @DisplayName("12.29 the response of a streaming event is the number of its chunks, however it emits them")
    void streaming_always_answersTheNumberOfChunks() throws Exception {
        Executor<Task> streams =
                tasks().streamHandler((task, run) -> Stream.of("a", "b", "c")).build();
        UUID stream = streams.append(new Task("x"));
        streams.execute();
        Executor<Task> emits = millrace()
                .executor("emits", Task.class)
                .handler((task, run) -> {
                    run.emit("a");
                    return null;
                })
                .build();
        UUID emitted = emits.append(new Task("x"), Append.defaults().streamed());
        emits.execute();

        assertThat(streams.result(stream, Integer.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .isEqualTo(3);
        assertThat(emits.result(emitted, Integer.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .isEqualTo(1);
    }

    static Stream<Arguments> replacedAnswers() {
        return Stream.of(
                Arguments.of(new Answer("nul \0 here", 1), "at $.to: the text contains NUL"),
                Arguments.of(Map.of("rate", Double.NaN), "at $.rate: JSON has no NaN"),
                Arguments.of(List.of(1, Double.POSITIVE_INFINITY), "at $[1]: JSON has no NaN"),
                Arguments.of(Map.of("text", "half \ud800 pair"), "at $.text: the text contains a surrogate"));
    }

    @ParameterizedTest
    @MethodSource("replacedAnswers")
    @DisplayName(
            "12.6 an answer of which a part is replaced, such as NUL or NaN, is told of once: class, place and reason")
    void answer_ofWhichAPartIsReplaced_isToldOf(Object answer, String reason) throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> answer).build();
        UUID id = tasks.append(new Task("text contains stored"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(lines.list).hasSize(1);
        assertThat(lines.list.getFirst().getLevel()).isEqualTo(Level.WARN);
        assertThat(lines.list.getFirst().getFormattedMessage())
                .startsWith(
                        "event=%s flow=tasks type=task attempt=1 its response of %s is stored, but a part of it replaced: "
                                .formatted(id, answer.getClass().getName()))
                .contains(reason)
                .doesNotContain("[payload]");
    }

    @Test
    @DisplayName("12.29 a streaming handler that answers null fails its event, in words that say what to answer")
    void stream_null_isToldOf() throws Exception {
        Executor<Task> tasks = tasks().streamHandler((task, run) -> null).build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorName(event)).isEqualTo("ExecutionError");
        assertThat(errorMessage(event))
                .isEqualTo("the stream handler answered null; let it answer Stream.empty() where there are no chunks");
    }
}
