package dev.millrace.rules.bad.store;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import javax.naming.InitialContext;
import javax.naming.NamingException;
import javax.script.ScriptEngineManager;

/** Every way of letting data name code; never run. */
final class TurnsDataIntoCode {
    private TurnsDataIntoCode() {}

    static Object byName(String name) throws ClassNotFoundException {
        return Class.forName(name);
    }

    static Object byStream(InputStream in) throws IOException, ClassNotFoundException {
        try (ObjectInputStream objects = new ObjectInputStream(in)) {
            return objects.readObject();
        }
    }

    @SuppressWarnings("BanJNDI") // that is the point
    static Object byDirectory(String name) throws NamingException {
        return new InitialContext().lookup(name);
    }

    static Object byScript(String name) {
        return new ScriptEngineManager().getEngineByName(name);
    }

    static ObjectMapper byJson(ObjectMapper mapper) {
        return mapper.activateDefaultTyping(mapper.getPolymorphicTypeValidator());
    }
}
