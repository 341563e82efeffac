/** What users write or choose: handlers, permission, rate limits, retry policies. */
@NullMarked
package dev.millrace.work;

import org.jspecify.annotations.NullMarked;
