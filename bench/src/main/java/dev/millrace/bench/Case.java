package dev.millrace.bench;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** What is measured. */
enum Case {
    APPEND_1("append-1", "single appends, one client, a transaction each", Unit.PER_SECOND),
    APPEND_8("append-8", "single appends, eight clients, a transaction each", Unit.PER_SECOND),
    BULK("bulk", "appending many", Unit.PER_SECOND),
    DRAIN("drain", "no-op events drained by one process", Unit.PER_SECOND),
    WAL("wal", "WAL of an event's life: bulk append and drain", Unit.BYTES),
    CPU("cpu", "PostgreSQL's CPU time for an event's life: bulk append and drain", Unit.MICROS);

    private final String label;
    private final String meaning;
    private final Unit unit;

    Case(String label, String meaning, Unit unit) {
        this.label = label;
        this.meaning = meaning;
        this.unit = unit;
    }

    String label() {
        return label;
    }

    String meaning() {
        return meaning;
    }

    Unit unit() {
        return unit;
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
