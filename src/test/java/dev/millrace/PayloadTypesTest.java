package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.UncompletedException;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What an executor's payload classes may be, what is refused when it is built, and what when a payload is read. */
class PayloadTypesTest extends WithMillrace {
    PayloadTypesTest(TestDatabase database) {
        super(database);
    }

    record SendMail(String to, int copies) {}

    static class Open {
        public int value;
    }

    static class Sub extends Open {}

    sealed interface Payment permits Card, Cash {}

    record Card(String number) implements Payment {}

    record Cash(int cents) implements Payment {}

    record Order(Payment payment, List<Payment> more) {}

    record Optionally(Optional<String> note) {}

    private static final Order ORDER = new Order(new Card("4111"), List.of(new Cash(5)));

    @Test
    @DisplayName("12.10 a payload that lacks a primitive is not run with 0; the error names the path, not the content")
    void payload_withoutItsPrimitive_doesNotRun() {
        Executor<SendMail> mails = millrace().executor("mails", SendMail.class).build();
        UUID id = mails.append(new SendMail("ada@example.org", 2));
        database.execute("update event set payload = '{\"to\": \"ada@example.org\", \"number\": 2}' where id = ?", id);

        assertThatThrownBy(() -> mails.event(id))
                .isInstanceOf(ValidationException.class)
                .hasMessageContaining("$.copies: it is missing or null, and int cannot be null")
                .hasMessageNotContaining("ada");
    }

    @Test
    @DisplayName("12.10 one class under several names: old events of send-email run as send-mail")
    void register_severalNames_runsOldEvents() throws InterruptedException {
        Executor<SendMail> before = millrace()
                .executor("mails", SendMail.class)
                .register("send-email", SendMail.class)
                .build();
        UUID old = before.append(new SendMail("a", 1));
        List<String> ran = Collections.synchronizedList(new ArrayList<>());
        Executor<SendMail> now = another()
                .executor("mails", SendMail.class)
                .register("send-mail", SendMail.class)
                .register("send-email", SendMail.class)
                .handler((mail, run) -> ran.add(mail.to()))
                .build();
        UUID fresh = now.append(new SendMail("b", 1));
        now.start();

        assertThat(now.forward()).isEqualTo(2);

        assertThat(ran).containsExactlyInAnyOrder("a", "b");
        assertThat(event(now, old).type()).isEqualTo("send-email");
        assertThat(event(now, fresh).type()).isEqualTo("send-mail");
    }

    @Test
    @DisplayName("12.10 one name for two classes is refused")
    void register_oneNameForTwoClasses_isRefused() {
        assertThatThrownBy(() -> millrace()
                        .executor("payments", Payment.class)
                        .register("pay", Card.class)
                        .register("pay", Cash.class)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("event type name 'pay' is taken by " + Card.class.getTypeName());
    }

    @Test
    @DisplayName("12.11 build() refuses what cannot be read back, naming the path and the remedy, and stores nothing")
    void build_unreadable_isRefused() {
        assertThatThrownBy(() -> millrace().executor("orders", Order.class).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "Order.payment: sealed interface Payment has no names; register what it permits with registerNested(Payment.class)");
        assertThatThrownBy(() -> millrace().executor("orders", Optionally.class).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Optionally.note: Jackson cannot read java.util.Optional");
        assertThat(database.longValue("select count(*) from flow")).isZero();
    }

    @Test
    @DisplayName("12.11 fields of a sealed type work by registered names, in payloads and in responses")
    void registerNested_payloadsAndResponses_areWhatTheyWere() throws Exception {
        Executor<Order> orders = millrace()
                .executor("orders", Order.class)
                .registerNested(Payment.class)
                .handler((order, run) -> order)
                .build();
        orders.start();
        UUID id = orders.append(ORDER);

        assertThat(orders.forward()).isOne();

        assertThat(event(orders, id).payload()).isEqualTo(ORDER);
        assertThat(orders.result(id, Order.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .isEqualTo(ORDER);
        assertThat(database.list(String.class, "select payload ->> 'payment' from event where id = ?", id))
                .containsExactly("{\"@type\": \"card\", \"number\": \"4111\"}");
    }

    @Test
    @DisplayName("12.11 an application's module is used for payloads, responses and chunks")
    void jackson_jdk8Module_isUsedEverywhere() throws Exception {
        Millrace millrace = opened(Millrace.builder()
                .dataSource(database.newPool(4))
                .jackson(settings -> settings.addModule(new Jdk8Module()))
                .connect());
        Executor<Optionally> notes = millrace.executor("notes", Optionally.class)
                .handler((note, run) -> note.note())
                .streamHandler((note, run) -> Stream.of(note.note()))
                .build();
        notes.start();
        UUID some = notes.append(new Optionally(Optional.of("hello")));
        UUID none = notes.append(new Optionally(Optional.empty()));
        UUID stream = notes.append(
                new Optionally(Optional.of("chunk")), Append.defaults().streamed());

        assertThat(notes.forward()).isEqualTo(3);

        assertThat(event(notes, some).payload()).isEqualTo(new Optionally(Optional.of("hello")));
        assertThat(notes.result(some, String.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .isEqualTo("hello");
        assertThat(notes.result(none).get(LONG.toSeconds(), TimeUnit.SECONDS).isNull())
                .isTrue();
        assertThat(notes.chunks(stream, 0, 10)).hasToString("[\"chunk\"]");
        assertThatThrownBy(() -> Millrace.builder()
                        .jackson(settings ->
                                settings.activateDefaultTyping(settings.build().getPolymorphicTypeValidator())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("default typing");
    }

    @Test
    @DisplayName("12.11 a response that cannot be read as the class asked for says response, and why")
    void result_unreadableClass_saysWhy() throws InterruptedException {
        Executor<Card> cards = millrace()
                .executor("cards", Card.class)
                .handler((card, run) -> Map.of("payment", card))
                .build();
        cards.start();
        UUID id = cards.append(new Card("4111"));
        assertThat(cards.forward()).isOne();

        assertThatThrownBy(() -> cards.result(id, Order.class).get(LONG.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(ValidationException.class)
                .isNotInstanceOf(UncompletedException.class)
                .hasMessageContainingAll("undecodable response of event", "sealed interface Payment has no names")
                .hasMessageNotContaining("4111");
    }

    @Test
    @DisplayName("12.26 register registers one more: the builder's own class stays")
    void register_oneMore_keepsTheBuildersClass() throws InterruptedException {
        List<String> ran = Collections.synchronizedList(new ArrayList<>());
        Executor<Open> executor = millrace()
                .executor("opens", Open.class)
                .register(Sub.class)
                .handler((open, run) -> ran.add(open.getClass().getSimpleName()))
                .build();
        executor.append(new Open());
        executor.append(new Sub());
        executor.start();

        assertThat(executor.forward()).isEqualTo(2);

        assertThat(ran).containsExactlyInAnyOrder("Open", "Sub");
        assertThat(executor.events(EventStatus.COMPLETED))
                .extracting(Event::type)
                .containsExactlyInAnyOrder("open", "sub");
    }
}
