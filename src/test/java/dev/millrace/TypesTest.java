package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Payload types: what an executor accepts, what it leaves to others, and what it cannot read. */
class TypesTest extends WithMillrace {
    TypesTest(TestDatabase database) {
        super(database);
    }

    sealed interface Shape permits Circle, Square, Bang {}

    record Circle(double radius) implements Shape {}

    record Square(double side) implements Shape {}

    /** Fails with an Error when Jackson reads it, which Jackson wraps when the constructor throws it, and else does not. */
    @JsonDeserialize(using = BangReader.class)
    record Bang(int n) implements Shape {}

    static final class BangReader extends JsonDeserializer<Bang> {
        @Override
        public Bang deserialize(JsonParser parser, DeserializationContext context) {
            throw new AssertionError("not to be read");
        }
    }

    static class Base {
        public int value;
    }

    static class Derived extends Base {}

    private List<UUID> mixed(Executor<Shape> shapes, int number) {
        List<Shape> mixed = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            mixed.add(i % 2 == 0 ? new Circle(i) : new Square(i));
        }
        return shapes.appendAll(mixed);
    }

    @Test
    @DisplayName("R-101 events of a type a worker does not know stay pending and untouched; another runs them")
    void unknownType_staysPending() throws InterruptedException {
        Executor<Circle> circles = millrace()
                .executor("shapes", Circle.class)
                .handler((circle, run) -> circle.radius())
                .build();
        Executor<Square> squares = another()
                .executor("shapes", Square.class)
                .handler((square, run) -> square.side())
                .build();
        circles.append(new Circle(1));
        UUID square = squares.append(new Square(2));
        circles.start();

        assertThat(circles.join(LONG)).isTrue();
        circles.forward();

        assertThat(counts(circles)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L, EventStatus.PENDING, 1L));
        assertThat(database.longValue("select attempt from ready where id = ?", square))
                .isZero();
        squares.start();
        squares.forward();
        assertThat(counts(circles)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L));
    }

    @Test
    @DisplayName("R-101 what an executor does not know it can read as JSON; as a class it is refused, naming the type")
    void unknownType_isReadAsJson() {
        Executor<Circle> circles = millrace().executor("shapes", Circle.class).build();
        Executor<Square> squares = millrace().executor("shapes", Square.class).build();
        UUID id = squares.append(new Square(2));

        assertThat(circles.json().find(id).orElseThrow().payload()).hasToString("{\"side\":2.0}");
        assertThat(circles.contains(id)).isTrue();
        assertThatThrownBy(() -> circles.event(id))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(id.toString(), "'square'", "[circle]");
    }

    @Test
    @DisplayName("R-048 over several types one claimer keeps the order of priority, then of append")
    void severalTypes_oneClaimer_keepsTheOrder() throws InterruptedException {
        List<Double> ran = Collections.synchronizedList(new ArrayList<>());
        Executor<Shape> shapes = millrace()
                .executor("shapes", Shape.class)
                .concurrencyLimit(1)
                .handler((shape, run) ->
                        ran.add(shape instanceof Circle circle ? circle.radius() : ((Square) shape).side()))
                .build();
        mixed(shapes, 20);
        shapes.append(new Square(100), Append.priority(2));
        shapes.append(new Circle(200), Append.priority(1));
        shapes.append(new Square(300), Append.priority(1));
        shapes.start();

        shapes.forward();

        List<Double> expected = new ArrayList<>(List.of(200.0, 300.0, 100.0));
        for (int i = 0; i < 20; i++) {
            expected.add((double) i);
        }
        assertThat(ran).isEqualTo(expected);
    }

    @Test
    @DisplayName("R-048 several types are claimed in one order also in batches smaller than the queue")
    void severalTypes_smallBatches_keepTheOrder() throws InterruptedException {
        Executor<Shape> shapes = millrace()
                .executor("shapes", Shape.class)
                .queueCapacity(3)
                .handler((shape, run) -> null)
                .build();
        List<UUID> ids = mixed(shapes, 10);
        shapes.start();

        for (int done = 3; done < 10; done += 3) {
            shapes.forward();
            assertThat(shapes.pendingEvents()).extracting(Event::id).containsExactlyElementsOf(ids.subList(done, 10));
        }
    }

    @Test
    @DisplayName("R-083 a wrong payload type is refused with the allowed ones, and nothing is stored")
    @SuppressWarnings({"unchecked", "rawtypes"})
    void append_wrongType_isRefused() {
        Executor raw = millrace().executor("shapes", Circle.class).build();

        assertThatThrownBy(() -> raw.append(new Square(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not a subclass of any allowed type");
        assertThatThrownBy(() -> raw.appendAll(List.of(new Circle(1), new Square(1))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(counts(raw)).isEmpty();
    }

    @Test
    @DisplayName("R-083 strict: the exact class only; a subclass is refused and nothing is stored")
    void append_strict_refusesSubclass() {
        Executor<Base> strict =
                millrace().executor("bases", Base.class).strictTypes(true).build();

        strict.append(new Base());

        assertThatThrownBy(() -> strict.append(new Derived()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(strict_type=True, no subclasses allowed)");
        assertThat(counts(strict)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
    }

    @Test
    @DisplayName("R-083 not strict: a subclass that is registered is accepted and read back as what it is")
    void append_registeredSubclass_isItself() {
        Executor<Base> bases = millrace()
                .executor("bases", Base.class)
                .register(Base.class)
                .register(Derived.class)
                .build();

        UUID id = bases.append(new Derived());

        assertThat(event(bases, id).payload()).isExactlyInstanceOf(Derived.class);
    }

    @Test
    @DisplayName(
            "R-059 a payload that no worker may leave to others and that this one cannot read fails its event alone")
    void payload_unreadable_failsAlone() throws InterruptedException {
        Executor<Task> tasks = tasks().undecodable(Duration.ZERO, 1)
                .handler((task, run) -> task.name())
                .build();
        UUID bad = tasks.append(new Task("bad"), Append.priority(1));
        List<UUID> good = append(tasks, 3);
        database.execute("update event set payload = '{\"name\": [1]}' where id = ?", bad);
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(3);

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.FAILED, 1L, EventStatus.COMPLETED, 3L));
        assertThat(good).allSatisfy(id -> assertThat(event(tasks, id).status()).isEqualTo(EventStatus.COMPLETED));
        assertThat(tasks.json().find(bad).orElseThrow().status()).isEqualTo(EventStatus.FAILED);
    }

    @Test
    @DisplayName("R-059 a payload class that fails with an Error fails its event alone")
    void payload_readerThrowsError_failsAlone() throws InterruptedException {
        Executor<Shape> shapes = millrace()
                .executor("shapes", Shape.class)
                .undecodable(Duration.ofHours(1), 1)
                .handler((shape, run) -> null)
                .build();
        mixed(shapes, 3);
        shapes.append(new Bang(1));
        mixed(shapes, 3);
        shapes.start();

        assertThat(shapes.forward()).isEqualTo(6);

        assertThat(counts(shapes)).isEqualTo(Map.of(EventStatus.FAILED, 1L, EventStatus.COMPLETED, 6L));
        assertThat(shapes.json().all(EventStatus.FAILED))
                .extracting(event -> errorName(event))
                .containsExactly("AssertionError");
    }
}
