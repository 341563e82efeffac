package dev.millrace.store;

import dev.millrace.event.Names;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.regex.Pattern;

/** Where a Millrace lives, as its user names it: checks of the database's URL and of the schema's name. */
public final class Location {
    /** The one place where an identifier enters SQL: lower case, as PostgreSQL folds it, at most 63 bytes. */
    private static final Pattern LEGAL_SCHEMA = Pattern.compile("[a-z_][a-z0-9_]{0,62}");

    private static final Pattern RESERVED_SCHEMA = Pattern.compile("pg_.*|information_schema");

    private Location() {}

    /**
     * The schema's name, if it may be one.
     *
     * @throws IllegalArgumentException if it may not, saying what may
     */
    public static String checkSchema(String schema) {
        if (!LEGAL_SCHEMA.matcher(schema).matches()
                || RESERVED_SCHEMA.matcher(schema).matches()) {
            throw new IllegalArgumentException(
                    "schema must match %s, not begin with pg_ and not be information_schema, got %s"
                            .formatted(LEGAL_SCHEMA.pattern(), Names.quoted(schema)));
        }
        return schema;
    }

    /**
     * The URL, if the driver understands it.
     *
     * @throws IllegalArgumentException if it does not; the message does not repeat the URL, which may hold a password
     */
    public static String checkUrl(String url) {
        if (!url.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException("jdbcUrl must begin with jdbc:postgresql:");
        }
        try {
            DriverManager.getDriver(url);
        } catch (SQLException e) { // it says no more than that no driver takes it
            throw new IllegalArgumentException(
                    "jdbcUrl cannot be understood; it looks like jdbc:postgresql://host:5432/database?user=u&password=p",
                    e);
        }
        return url;
    }
}
