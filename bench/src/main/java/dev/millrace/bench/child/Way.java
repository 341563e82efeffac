package dev.millrace.bench.child;

import java.util.Locale;

/** How Millrace is given its events. */
public enum Way {
    /** By the library. */
    LIBRARY,
    /** By the library, each with a unique key. */
    UNIQUE,
    /** By the SQL function append. */
    FUNCTION,
    /** By the SQL function append, between BEGIN and COMMIT. */
    FUNCTION_WITHIN,
    /** By the SQL function append_many. */
    MANY,
    /** By COPY into the view enqueue. */
    COPY,
    /** Not at all: by one plain statement that inserts into two bare tables with the same columns and indexes. */
    BARE,
    /** Not at all: by one plain INSERT into each of those, between BEGIN and COMMIT. */
    BARE_WITHIN;

    /** Whether Millrace gets the events. */
    public boolean isOurs() {
        return this != BARE && this != BARE_WITHIN;
    }

    /** As it is said to a child process. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Way of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
