/** Checks the model of the protocol, {@code docs/spec/Millrace.tla}. */
@NullMarked
package dev.millrace.model;

import org.jspecify.annotations.NullMarked;
