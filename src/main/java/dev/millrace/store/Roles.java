package dev.millrace.store;

import dev.millrace.event.ConfigurationException;
import org.jspecify.annotations.Nullable;

/** What is said to a login whose roles do not let it do something. */
final class Roles {
    private Roles() {}

    /** @param what was refused */
    static ConfigurationException needed(String what, @Nullable Throwable cause) {
        String message =
                ("this login may not do that: %s; look at the role's rights: to append it needs millrace_append, to query and"
                                + " to wait millrace_read, for everything else millrace_work")
                        .formatted(what);
        return cause == null ? new ConfigurationException(message) : new ConfigurationException(message, cause);
    }
}
