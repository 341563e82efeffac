package dev.millrace.store;

import org.jdbi.v3.core.Handle;
import org.jdbi.v3.postgres.PostgresPlugin;

/**
 * What JDBI knows of PostgreSQL's types, but for the types of an application's own, which it would register with the driver's
 * connection: a framework's proxy need not give that away, and none is used here.
 */
final class PlainTypes extends PostgresPlugin {
    @Override
    public Handle customizeHandle(Handle handle) {
        return handle;
    }
}
