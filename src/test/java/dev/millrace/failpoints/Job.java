package dev.millrace.failpoints;

/** What the events carry; of two types where that matters. */
interface Job {
    record Task(int number) implements Job {}

    record Errand(int number) implements Job {}
}
