/**
 * Takes one protection of the product away at a time, without a switch in the product: a mutant is a changed copy of a
 * statement or of a class, put before the product on the class path of a process of its own. Each must be caught.
 */
@NullMarked
package dev.millrace.mutants;

import org.jspecify.annotations.NullMarked;
