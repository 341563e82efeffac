/** The benchmark: runs Millrace and its peers in turn on one PostgreSQL, and tells how they compare. */
@NullMarked
package dev.millrace.bench;

import org.jspecify.annotations.NullMarked;
