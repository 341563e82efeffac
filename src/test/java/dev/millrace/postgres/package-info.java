/**
 * The PostgreSQL that tests run on: one server a run, a database for each test class cloned from a migrated template,
 * and a check after each test that nothing was left behind. {@link dev.millrace.postgres.PostgresTest} is the door.
 */
@NullMarked
package dev.millrace.postgres;

import org.jspecify.annotations.NullMarked;
