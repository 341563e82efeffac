package dev.millrace.store;

import java.sql.SQLException;
import org.jdbi.v3.core.JdbiException;

/** A statement failed that did not go through JDBI. Never leaves {@link Database} untranslated. */
final class StatementFailed extends JdbiException {
    private static final long serialVersionUID = 1L;

    StatementFailed(SQLException cause) {
        super(cause);
    }
}
