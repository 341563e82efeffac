/** Faults at named points of a worker's life, each struck exactly there. */
@NullMarked
package dev.millrace.failpoints;

import org.jspecify.annotations.NullMarked;
