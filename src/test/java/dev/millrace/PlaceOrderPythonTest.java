package dev.millrace;

import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** The example for Python, with psycopg2. */
class PlaceOrderPythonTest extends WithPlaceOrder {
    PlaceOrderPythonTest(TestDatabase database) {
        super(database);
    }

    @Override
    List<String> command() throws IOException, InterruptedException {
        // Debian's packages are seen by its own python3 only, which need not be the first on the path.
        for (String python :
                PlaceOrder.programs("python3", "/usr/bin/python3").distinct().toList()) {
            if (new PlaceOrder(List.of(python, "-c", "import psycopg2"), Map.of())
                            .run()
                            .code()
                    == 0) {
                return List.of(python, "examples/python/place_order.py");
            }
        }
        PlaceOrder.skip("examples/python: no python3 with psycopg2 (Debian: apt-get install python3-psycopg2)");
        return List.of();
    }
}
