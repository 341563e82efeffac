/**
 * The way of an event through a worker: claim → permission → run → settle.
 *
 * <p>{@link dev.millrace.process.Processor} claims and asks; an {@code Attempt} runs the handler on a virtual thread and
 * decides, by whoever comes first, how it ended; the {@link dev.millrace.process.Settler} writes many endings in one
 * statement and only then tells those who wait.
 */
@NullMarked
package dev.millrace.process;

import org.jspecify.annotations.NullMarked;
