package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.millrace.PlaceOrder.Finished;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Json;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the example of every language does, with a worker like the example's; it is skipped where the language is not there. */
abstract class WithPlaceOrder extends WithMillrace {
    private static final String ID = "([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21})";

    private final AtomicInteger shipped = new AtomicInteger();
    private PlaceOrder example;

    WithPlaceOrder(TestDatabase database) {
        super(database);
    }

    /** As the example's worker has it. */
    record ShipOrder(String order, String item, int quantity) {}

    /** How the example is started here; skips the test where it cannot be. */
    abstract List<String> command() throws Exception;

    @BeforeEach
    final void find() throws Exception {
        example = new PlaceOrder(command(), PlaceOrder.place(database));
        database.execute("drop table if exists public.example_orders");
    }

    private Executor<ShipOrder> worker(Millrace millrace) {
        Executor<ShipOrder> orders = millrace.executor("orders", ShipOrder.class)
                .handler((order, run) -> {
                    if (order.quantity() > 100) {
                        throw run.fail("there are only 100 of 'é'");
                    }
                    return Map.of("tracking", shipped.incrementAndGet());
                })
                .build();
        orders.execute();
        return orders;
    }

    @Test
    void order_placed_isCommittedTogetherWithItsEventAndShips() throws Exception {
        Executor<ShipOrder> orders = worker(millrace());
        String item = "O'Brien's \"wheel\\\"; drop table x; :order $1 %s %(order)s é";

        Finished finished = example.run("--order", "A-1", "--item", item, "--quantity", "3");

        assertThat(finished.err()).isEmpty();
        UUID id = UUID.fromString(finished.found("^appended +" + ID + " with order A-1$"));
        JsonNode response = Json.parse(finished.found("^completed +attempt 1, (.*)$"));
        assertThat(response).isEqualTo(JsonNodeFactory.instance.objectNode().put("tracking", 1));
        assertThat(finished.out()).contains(" 0 pending, 0 processing, 1 completed, 0 failed, 0 cancelled,");
        assertThat(finished.out())
                .endsWith("progression   completed begins with\n              " + id + " (this one)\n");
        assertThat(finished.code()).isZero();
        assertThat(event(orders, id).payload()).isEqualTo(new ShipOrder("A-1", item, 3));
        assertThat(database.query("select o.*, o.xmin = e.xmin from public.example_orders o cross join event e"))
                .containsExactly(List.of("A-1", item, 3, true));
    }

    @Test
    void order_rolledBack_leavesNothing() throws Exception {
        Finished finished = example.run("--order", "A-1", "--wait", "0");

        UUID undone = UUID.fromString(
                finished.found("^rolled back +" + ID + " with order A-1-rolled-back: no event and 0 orders$"));
        assertThat(database.list(UUID.class, "select id from event")).hasSize(1).doesNotContain(undone);
        assertThat(database.list(String.class, "select key from unique_key")).containsExactly("order:A-1");
        assertThat(database.list(String.class, "select reference from public.example_orders"))
                .containsExactly("A-1");
    }

    @Test
    void order_placedTwice_isTheSameEventAndShipsOnce() throws Exception {
        worker(millrace());
        String first = example.run("--order", "A-1").found("^appended +" + ID);
        String other = example.run("--order", "A-2").found("^appended +" + ID);

        Finished again = example.run("--order", "A-1");

        assertThat(again.found("^was there +" + ID + " with order A-1$")).isEqualTo(first);
        assertThat(again.out()).endsWith("              " + first + " (this one)\n              " + other + "\n");
        assertThat(again.code()).isZero();
        assertThat(shipped).hasValue(2);
        assertThat(database.longValue("select count(*) from event")).isEqualTo(2);
    }

    @Test
    void order_thatFails_showsTheErrorAndEndsWith1() throws Exception {
        worker(millrace());

        Finished finished = example.run("--order", "A-1", "--quantity", "101");

        assertThat(finished.code()).isEqualTo(1);
        assertThat(Json.parse(finished.found("^failed +attempt 1, (.*)$"))
                        .path("message")
                        .asText())
                .isEqualTo("there are only 100 of 'é'");
        assertThat(finished.out())
                .contains("progression   failed begins with\n")
                .contains(" 0 completed, 1 failed,");
    }

    @Test
    void order_thatNobodyShipsInTime_staysAndEndsWith1() throws Exception {
        Finished finished = example.run("--order", "A-1", "--wait", "0.2", "--flow", "nobody's");

        String id = finished.found("^appended +" + ID + " with order A-1$");
        assertThat(finished.err()).contains("event " + id + " has not ended within 0.2 s", "'nobody's'");
        assertThat(finished.code()).isEqualTo(1);
        assertThat(database.text("select status(?::uuid)", id)).isEqualTo(EventStatus.PENDING.toString());
    }

    @NotPooled("every session behind the pooler is of one and the same role")
    @Test
    void login_withTheTwoGroupsOnly_isEnoughInAnySchemaAndUnderAnyDefaults() throws Exception {
        Millrace.migrate(database.dataSource(), "elsewhere");
        database.execute("create table public.example_orders (whose text)"); // another's, which is not its to write
        worker(opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .schema("elsewhere")
                .connect()));
        try (Login login = new Login(database, "p@ss:w%/\\d")) {
            PlaceOrder known = example.with(login.url());
            Finished nobody = known.run("--schema", "elsewhere");
            login.grant("millrace_append");
            Finished blind = known.run("--schema", "elsewhere", "--order", "A-1");
            login.grant("millrace_read");
            Finished finished = known.run("--schema", "elsewhere", "--order", "A-1", "--item", "'\\");

            assertThat(nobody.code() + blind.code()).isEqualTo(6);
            assertThat(nobody.err())
                    .contains("schema elsewhere (SQLSTATE 42501); ", "millrace_append and millrace_read");
            assertThat(blind.err()).contains("status (SQLSTATE 42501); ");
            assertThat(finished.err()).isEmpty();
            assertThat(finished.code()).isZero();
            assertThat(database.text("select elsewhere.status(?::uuid)", finished.found("^appended +" + ID)))
                    .isEqualTo("completed");
            assertThat(login.orders()).containsExactly("A-1 '\\");
        }
        assertThat(database.longValue("select count(*) from event")).isZero();
        database.execute("drop schema elsewhere cascade");
    }

    @Test
    void refusal_byMillrace_isToldWithItsStateAndStoresNothing() throws Exception {
        Executor<ShipOrder> full =
                millrace().executor("full", ShipOrder.class).maxQueueSize(1).build();
        full.append(new ShipOrder("x", "y", 1));

        Finished wrong = example.run("--flow", " x");
        Finished later = example.run("--flow", "full");

        assertThat(wrong.err())
                .startsWith("place-order: flow name must not begin or end with a blank, got ' x' (SQLSTATE 22023); ");
        assertThat(later.err()).startsWith("place-order: Queue size (1) exceeds max (1) (SQLSTATE MR001); ");
        assertThat(later.err()).endsWith("try again later\n");
        assertThat(List.of(wrong.code(), later.code())).containsOnly(3);
        assertThat(wrong.out() + later.out()).isEmpty();
        assertThat(database.longValue("select count(*) from event")).isEqualTo(1);
        assertThat(database.longValue("select count(*) from public.example_orders"))
                .isZero();
    }

    @Test
    void usage_wrong_endsWith2AndTouchesNothing() throws Exception {
        for (List<String> wrong : List.of(
                List.of("--quantity", "0"),
                List.of("--quantity", "many"),
                List.of("--wait", "soon"),
                List.of("--schema", "x\"; drop"),
                List.of("--order"),
                List.of("--what"))) {
            Finished finished = example.run(wrong.toArray(String[]::new));
            assertThat(finished.code()).as("%s", wrong).isEqualTo(2);
            assertThat(finished.err()).contains("place-order: ").contains(wrong.getFirst());
            assertThat(finished.out()).isEmpty();
        }
        Finished help = example.run("--help");
        assertThat(help.code()).isZero();
        assertThat(help.out()).contains("--order", "--schema", "PGHOST", "DATABASE_URL", "exit code");
        assertThat(database.text("select to_regclass('public.example_orders')")).isNull();
    }
}
