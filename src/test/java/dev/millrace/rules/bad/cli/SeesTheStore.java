package dev.millrace.rules.bad.cli;

import dev.millrace.rules.bad.store.Good;

/** The command line going round the public API. */
final class SeesTheStore {
    Class<?> store = Good.class;
}
