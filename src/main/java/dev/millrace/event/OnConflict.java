package dev.millrace.event;

/** What becomes of an append whose unique key another event holds; in the order of the codes in the database. */
public enum OnConflict {
    /** Nothing is stored, and the append answers with the id of the event that holds the key. The default. */
    RETURN_EXISTING,

    /**
     * The event that holds the key is skipped, "replaced by" the new one, which gets its place: its position, and its
     * priority and due time unless the new one has its own. Only while it is pending: if a worker has claimed it, or it has
     * ended and holds the key all the same, as {@link #RETURN_EXISTING}.
     */
    REPLACE_PENDING,

    /** Nothing is stored, and the append throws an {@link ExistsException} that names the event which holds the key. */
    FAIL
}
