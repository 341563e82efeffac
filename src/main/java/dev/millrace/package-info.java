/** The front door: {@link dev.millrace.Millrace} connects, {@link dev.millrace.Executor} appends, runs and answers. */
@NullMarked
package dev.millrace;

import org.jspecify.annotations.NullMarked;
