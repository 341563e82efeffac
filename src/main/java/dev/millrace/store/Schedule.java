package dev.millrace.store;

import java.util.Map;
import java.util.stream.Collectors;

/** Pending events that are not due yet. Thread-safe. */
public final class Schedule {
    /** Rows promoted in one statement. */
    public static final int BATCH = 1_000;

    private final Database database;

    /** The schedule of that database. */
    public Schedule(Database database) {
        this.database = database;
    }

    /** Makes up to {@link #BATCH} due events claimable; says how many of which flow. */
    public Map<Integer, Integer> promote() {
        return database.onceOnly(handle -> handle
                .createQuery(database.sql("promote"))
                .bind("batch", BATCH)
                .map((row, context) -> Map.entry(row.getInt("flow"), row.getInt("n")))
                .list()
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    }
}
