/**
 * All SQL: one statement per file beside this package, run through {@link dev.millrace.store.Database}. The only package
 * that knows JDBI. Files name the schema as {@code millrace.}, so that they can be pasted into psql as they are; the
 * configured schema takes its place when they are loaded.
 */
@NullMarked
package dev.millrace.store;

import org.jspecify.annotations.NullMarked;
