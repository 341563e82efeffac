/** What runs in the processes that are measured: one contender each, told over standard input what to do. */
@NullMarked
package dev.millrace.bench.child;

import org.jspecify.annotations.NullMarked;
