/** The house rules that a compiler does not know: which package may see which, what may not be called, how sources look. */
@NullMarked
package dev.millrace.rules;

import org.jspecify.annotations.NullMarked;
