package dev.millrace.rules.bad.process.two;

/** The other half of a cycle. */
public final class SeesOne {
    Class<?> one = dev.millrace.rules.bad.process.one.SeesTwo.class;
}
