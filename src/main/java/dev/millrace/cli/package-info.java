/** The command line: {@code demo}, {@code run} and {@code sample-api}, over the public API only. */
@NullMarked
package dev.millrace.cli;

import org.jspecify.annotations.NullMarked;
