package dev.millrace.bench;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** What is measured. */
enum Case {
    APPEND_1("append-1", Unit.PER_SECOND, "single appends, one client, a transaction each"),
    APPEND_8("append-8", Unit.PER_SECOND, "single appends, eight clients, a transaction each"),
    BULK("bulk", Unit.PER_SECOND, "appending many at once"),
    DRAIN("drain", Unit.PER_SECOND, "no-op events drained by one process"),
    WAL("wal", Unit.BYTES, "WAL of an event's life: bulk append and drain"),
    CPU("cpu", Unit.MICROS, "PostgreSQL's CPU time for an event's life: bulk append and drain"),
    DRAIN_2("drain-2", Unit.PER_SECOND, "no-op events drained by two processes; and our two against our one"),
    DRAIN_1K("drain-1k", Unit.PER_SECOND, "drain with a payload of 1 kB, and a response of 1 kB where it is kept"),
    PICKUP_IDLE("pickup-idle", Unit.MILLIS, "from an append's acknowledgement to its handler's start, workers idle"),
    PICKUP_BUSY("pickup-busy", Unit.MILLIS, "the same at 1,000 appends a second"),
    DRAIN_BACKLOG("drain-backlog", Unit.PER_SECOND, "drain with ten times as many pending behind, against none"),
    DRAIN_HELD(
            "drain-held",
            Unit.PER_SECOND,
            "drain of five times as many, with a transaction held open, against without"),
    UNIQUE("unique", Unit.PER_SECOND, "appends with a unique key each, one by one and many at once, against without"),
    SQL_APPEND(
            "sql-append",
            Unit.PER_SECOND,
            "appends without the library: append() against a bare insert into two tables, append_many and COPY against appendAll"),
    HEAP("heap", Unit.MEGABYTES, "a worker's peak heap, garbage included, while it drains ten times as many");

    private final String label;
    private final Unit unit;
    private final String meaning;

    Case(String label, Unit unit, String meaning) {
        this.label = label;
        this.unit = unit;
        this.meaning = meaning;
    }

    String label() {
        return label;
    }

    Unit unit() {
        return unit;
    }

    String meaning() {
        return meaning;
    }

    /** Whether it compares us with others, and not only with ourselves. */
    boolean hasPeers() {
        return this != DRAIN_BACKLOG && this != DRAIN_HELD && this != UNIQUE && this != SQL_APPEND && this != HEAP;
    }

    static Optional<Case> of(String label) {
        return Arrays.stream(values())
                .filter(known -> known.label.equals(label))
                .findFirst();
    }

    /** The names of all cases, for messages. */
    static String labels() {
        return Arrays.stream(values()).map(Case::label).collect(Collectors.joining(", "));
    }
}
