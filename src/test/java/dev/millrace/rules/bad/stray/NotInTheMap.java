package dev.millrace.rules.bad.stray;

/** A class in a package that nobody planned. */
final class NotInTheMap {}
