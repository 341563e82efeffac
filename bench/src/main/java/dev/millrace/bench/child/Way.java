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
    /** By the SQL function append_many. */
    MANY,
    /** By COPY into the view enqueue. */
    COPY,
    /** Not at all: by a plain insert into two bare tables with the same columns and indexes. */
    BARE;

    /** As it is said to a child process. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Way of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
