package dev.millrace.failpoints;

import dev.millrace.faults.Moment;
import org.jspecify.annotations.Nullable;

/**
 * A place that a process passes: a moment of the n-th execution of one of the product's statements, or a place in the
 * application's code.
 *
 * @param moment null for the application's code
 */
record Place(String name, @Nullable Moment moment, int occurrence) {
    /** The statement is about to be sent. */
    static Place before(String statement) {
        return before(statement, 1);
    }

    static Place before(String statement, int occurrence) {
        return new Place(statement, Moment.BEFORE, occurrence);
    }

    /** The statement has been answered; its transaction is open. */
    static Place executed(String statement) {
        return new Place(statement, Moment.EXECUTED, 1);
    }

    /** The statement has been committed and answered; nobody has acted on it. */
    static Place answered(String statement) {
        return new Place(statement, Moment.AFTER_COMMIT, 1);
    }

    /** In a handler or a permission check, for the event that the test is about. */
    static Place code(String name) {
        return new Place(name, null, 1);
    }
}
