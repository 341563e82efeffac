import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import java.net.URI;
import java.net.URLEncoder;
import java.util.Map;

/**
 * The worker that ships what the examples in other languages order. It makes Millrace's schema if there is none, and works
 * until it is interrupted. Java runs it from its source: ../README.md says how.
 */
public final class ShipOrders {
    /** The payload, as the other languages append it under this class's name in kebab-case, {@code ship-order}. */
    public record ShipOrder(String order, String item, int quantity) {}

    public static void main(String[] arguments) {
        Millrace millrace = Millrace.builder()
                .jdbcUrl(jdbcUrl())
                .schema(environment("MILLRACE_SCHEMA", "millrace"))
                .migrate()
                .connect();
        millrace.closeOnShutdown(); // then it gives back what it has claimed
        Executor<ShipOrder> orders = millrace.executor("orders", ShipOrder.class)
                .concurrencyLimit(10)
                .handler((order, run) -> {
                    if (order.quantity() > 100) {
                        throw run.fail("there are only 100 of '" + order.item() + "' in stock");
                    }
                    return Map.of("tracking", "T-" + run.id().toString().substring(24));
                })
                .build();
        orders.execute(); // the JVM lives on while it does
        System.out.println("shipping orders until interrupted");
    }

    /** The database that psql's variables name, or DATABASE_URL, in the words of JDBC; the driver itself reads ~/.pgpass. */
    private static String jdbcUrl() {
        String place = environment("PGHOST", "localhost") + ":" + environment("PGPORT", "5432");
        String user = environment("PGUSER", System.getProperty("user.name"));
        String password = environment("PGPASSWORD", "");
        String database = "/" + environment("PGDATABASE", user);
        String given = environment("DATABASE_URL", "");
        if (!given.isEmpty()) {
            URI url = URI.create(given);
            String[] login = (url.getUserInfo() == null ? user : url.getUserInfo()).split(":", 2);
            place = url.getHost() + ":" + (url.getPort() < 0 ? 5432 : url.getPort());
            user = login[0];
            password = login.length > 1 ? login[1] : password;
            database = url.getRawPath();
        }
        return "jdbc:postgresql://" + place + database + "?user=" + URLEncoder.encode(user, UTF_8)
                + (password.isEmpty() ? "" : "&password=" + URLEncoder.encode(password, UTF_8));
    }

    private static String environment(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }
}
