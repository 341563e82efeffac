package dev.millrace.store;

import dev.millrace.event.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.StatementContext;
import org.jdbi.v3.core.statement.StatementCustomizer;

/** The statements of the files beside this class, for one schema. Each is read once. Thread-safe. */
final class Statements {
    private static final Pattern SCHEMA_IN_FILES = Pattern.compile("\\bmillrace\\.");

    private static final StatementCustomizer SKIP_SETTINGS = new StatementCustomizer() {
        @Override
        public void afterExecution(PreparedStatement statement, StatementContext context) throws SQLException {
            boolean unused = statement.getMoreResults(); // the first result is of the settings
        }
    };

    private final String schema;
    private final Map<String, String> texts = new ConcurrentHashMap<>();
    private final Map<String, String> planned = new ConcurrentHashMap<>();
    private final Map<String, Routine> routines = new ConcurrentHashMap<>();
    private final Map<String, Routine> simple = new ConcurrentHashMap<>();

    Statements(String schema) {
        this.schema = schema;
    }

    /** The text of a file, with named parameters. */
    String text(String name) {
        return texts.computeIfAbsent(name, this::load);
    }

    /** The same for the hot path, with what its plan must be like. */
    Routine routine(String name) {
        return routines.computeIfAbsent(name, file -> Routine.of(text("planning"), text(file)));
    }

    /** The same for the hot path, where any plan will do. */
    Routine simple(String name) {
        return simple.computeIfAbsent(name, file -> Routine.of(null, text(file)));
    }

    /** A query that brings its planner's settings along, as {@link Routine} does: for what is executed now and then. */
    Query planned(Handle handle, String name) {
        String sql = planned.computeIfAbsent(name, file -> Routine.before(text("planning"), text(file)) + text(file));
        return handle.createQuery(sql).addCustomizer(SKIP_SETTINGS);
    }

    private String load(String name) {
        try (InputStream file = Statements.class.getResourceAsStream(name + ".sql")) {
            if (file == null) {
                throw new ConfigurationException("no statement '" + name + "' in this build of Millrace");
            }
            String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
            return SCHEMA_IN_FILES.matcher(text).replaceAll('"' + schema + "\".");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
