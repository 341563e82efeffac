/** Worker processes that are really killed, stopped, terminated or halted, and what becomes of the events they held. */
@NullMarked
package dev.millrace.crash;

import org.jspecify.annotations.NullMarked;
