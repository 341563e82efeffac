package dev.millrace.store;

/**
 * What the role of a Millrace's connections may do, as far as it decides which way is gone.
 *
 * @param writes whether it may write events itself; one that may not appends by function
 * @param reads whether it may read events
 */
record Access(boolean writes, boolean reads) {
    /** Of who works, and of the owner. */
    static final Access ALL = new Access(true, true);

    static Access of(Database database) {
        return database.once(handle -> handle.createQuery(database.sql("access"))
                .bind("schema", database.schema())
                .map((row, context) -> new Access(row.getBoolean("writes"), row.getBoolean("reads")))
                .one());
    }
}
