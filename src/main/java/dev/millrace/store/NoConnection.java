package dev.millrace.store;

import java.sql.SQLException;
import org.jdbi.v3.core.JdbiException;

/** No connection could be had, so nothing was sent. Leaves {@link Database} only as a cause. */
final class NoConnection extends JdbiException {
    private static final long serialVersionUID = 1L;

    NoConnection(SQLException cause) {
        super(cause);
    }
}
