package dev.millrace;

import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** The example for Node.js, with pg. */
class PlaceOrderNodeTest extends WithPlaceOrder {
    PlaceOrderNodeTest(TestDatabase database) {
        super(database);
    }

    @Override
    List<String> command() throws IOException, InterruptedException {
        // Debian's program may be called nodejs, and its package of pg is on the path of its own node only.
        String findsPg =
                "require(require.resolve('pg', { paths: ['examples/node'] })); require('node:util').parseArgs({})";
        for (String node : PlaceOrder.programs("node", "nodejs").distinct().toList()) {
            if (new PlaceOrder(List.of(node, "-e", findsPg), Map.of()).run().code() == 0) {
                return List.of(node, "examples/node/place-order.js");
            }
        }
        PlaceOrder.skip(
                "examples/node: no Node.js from 18.3 on with the package pg (npm ci in examples/node; Debian: apt-get"
                        + " install nodejs node-pg)");
        return List.of();
    }
}
