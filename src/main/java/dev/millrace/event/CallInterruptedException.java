package dev.millrace.event;

import java.util.List;
import java.util.UUID;

/**
 * A call was given up because its thread was interrupted while the call waited: for a connection, or for the database to come
 * back. The thread's interrupt flag stays set. Calls that declare {@link InterruptedException} throw that instead. An interrupt
 * ends no call that need not wait.
 */
public final class CallInterruptedException extends MillraceException {
    private static final long serialVersionUID = 1L;

    private final boolean mayBeStored;

    @SuppressWarnings("serial") // an immutable list of ids
    private final List<UUID> ids;

    /**
     * A call that was given up.
     *
     * @param mayBeStored whether something was sent to the database and not answered
     * @param ids of the events that are stored if what was sent was carried out; empty for calls that append nothing
     */
    public CallInterruptedException(String message, boolean mayBeStored, List<UUID> ids, Throwable cause) {
        super(message, cause, true);
        this.mayBeStored = mayBeStored;
        this.ids = List.copyOf(ids);
    }

    /** Whether the call may have been carried out all the same. False: nothing was stored or changed. */
    public boolean mayBeStored() {
        return mayBeStored;
    }

    /** The ids that the events of an append have if they were stored; append them again under the same ids to be sure. */
    public List<UUID> ids() {
        return ids;
    }
}
