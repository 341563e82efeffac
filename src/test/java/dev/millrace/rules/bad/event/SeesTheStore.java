package dev.millrace.rules.bad.event;

import dev.millrace.rules.bad.store.Good;

/** The vocabulary looking down at the store, in an array at that. */
final class SeesTheStore {
    Good[] goods = {};
}
