package dev.millrace.rules.bad.process;

import java.sql.PreparedStatement;
import org.jdbi.v3.core.Handle;

/** The process with SQL of its own. */
final class SpeaksSql {
    private SpeaksSql() {}

    static String name(Handle handle, PreparedStatement statement) {
        return handle + "" + statement;
    }
}
