/** The vocabulary: events, their statuses and executions, progressions, flows, and the errors all of them share. */
@NullMarked
package dev.millrace.event;

import org.jspecify.annotations.NullMarked;
