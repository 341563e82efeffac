/**
 * The torture run: processes that append and work, faults that hit them, witnesses that no process can talk to, and a
 * judge that compares what the witnesses saw with what Millrace promises.
 *
 * <p>{@code Torture} runs it all in one coordinating JVM: it starts a PostgreSQL, one appending JVM and four working ones,
 * each behind a {@code FaultProxy} of its own. {@code Nemesis} carries out a {@code Plan} made from the seed. Appenders and
 * handlers write ledgers, which are files; the {@code Audit} in the database notes each move of each event; the
 * {@code Observer} looks at everything in one statement, again and again. {@code Judge} reads them all at the end.
 */
@NullMarked
package dev.millrace.cli.torture;

import org.jspecify.annotations.NullMarked;
