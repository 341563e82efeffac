/** What must happen without being asked: promoting what has become due, folding counts. Duties without threads. */
@NullMarked
package dev.millrace.maintain;

import org.jspecify.annotations.NullMarked;
