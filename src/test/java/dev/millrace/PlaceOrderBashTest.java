package dev.millrace;

import dev.millrace.postgres.TestDatabase;
import java.util.List;

/** The example for bash, with psql. */
class PlaceOrderBashTest extends WithPlaceOrder {
    PlaceOrderBashTest(TestDatabase database) {
        super(database);
    }

    @Override
    List<String> command() {
        if (PlaceOrder.programs("psql").findAny().isEmpty()) {
            PlaceOrder.skip("examples/bash: no psql on the PATH (Debian: apt-get install postgresql-client)");
        }
        return List.of("bash", "examples/bash/place-order.sh");
    }
}
