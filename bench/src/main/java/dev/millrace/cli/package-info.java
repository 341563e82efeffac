/** What the benchmark borrows from the command line's insides: its way of running a PostgreSQL server of its own. */
@NullMarked
package dev.millrace.cli;

import org.jspecify.annotations.NullMarked;
