package dev.millrace.rules.bad.work;

import dev.millrace.rules.bad.Door;

/** What users write, looking up at the front door. */
final class SeesTheFrontDoor {
    Class<?> door = Door.class;
}
