/** The one place where threads are made. */
@NullMarked
package dev.millrace.thread;

import org.jspecify.annotations.NullMarked;
