package dev.millrace;

import dev.millrace.postgres.TestDatabase;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A login role that may nothing but what it is granted, with a schema of its own for its tables, and in whose sessions the defaults
 * are as unfavourable as a database may have them. Closing it drops it and what it made.
 */
final class Login implements AutoCloseable {
    private final TestDatabase database;
    private final String password;
    private final String name = "millrace_login_" + UUID.randomUUID().toString().replace('-', '_');

    Login(TestDatabase database, String password) {
        this.database = database;
        this.password = password;
        database.execute("create role %s login password '%s'".formatted(name, password));
        database.execute("create schema %1$s authorization %1$s".formatted(name));
        for (String setting : List.of(
                "default_transaction_isolation = 'serializable'",
                "default_transaction_read_only = on",
                "standard_conforming_strings = off",
                "\"DateStyle\" = 'SQL, DMY'",
                "\"TimeZone\" = 'Asia/Kathmandu'")) {
            database.execute("alter role %s in database %s set %s".formatted(name, database.name(), setting));
        }
    }

    void grant(String group) {
        database.execute("grant %s to %s".formatted(group, name));
    }

    /** How it reaches the database, as a URL with the password in it. */
    Map<String, String> url() {
        Map<String, String> place = PlaceOrder.place(database);
        return Map.of(
                "DATABASE_URL",
                "postgresql://%s:%s@%s:%s/%s"
                        .formatted(
                                name,
                                URLEncoder.encode(password, StandardCharsets.UTF_8),
                                place.get("PGHOST"),
                                place.get("PGPORT"),
                                place.get("PGDATABASE")));
    }

    /** The same for the driver of Java. */
    String jdbcUrl() {
        Map<String, String> place = PlaceOrder.place(database);
        return "jdbc:postgresql://%s:%s/%s?user=%s&password=%s"
                .formatted(
                        place.get("PGHOST"),
                        place.get("PGPORT"),
                        place.get("PGDATABASE"),
                        name,
                        URLEncoder.encode(password, StandardCharsets.UTF_8));
    }

    /** The orders it has placed, with what was ordered. */
    List<String> orders() {
        return database.list(
                String.class, "select concat_ws(' ', reference, item) from %s.example_orders".formatted(name));
    }

    @Override
    public void close() {
        database.execute("drop owned by %s cascade".formatted(name));
        database.execute("drop role %s".formatted(name));
    }
}
