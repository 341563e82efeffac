package dev.millrace.rules.bad.process.one;

/** Half of a cycle. */
public final class SeesTwo {
    Class<?> two = dev.millrace.rules.bad.process.two.SeesOne.class;
}
