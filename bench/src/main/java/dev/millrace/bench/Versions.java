package dev.millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.bench.child.Resources;
import java.io.IOException;
import java.io.StringReader;
import java.util.Properties;

/** Which version of each peer is measured: those that the two build files name. */
final class Versions {
    private Versions() {}

    /** A peer's name with its version; of ours and the floor just the name. */
    static String named(Contender contender) throws IOException {
        String label = contender.label();
        Properties java = new Properties();
        java.load(new StringReader(Resources.text("versions.properties")));
        JsonNode node = new ObjectMapper()
                .readTree(Resources.text("node/package.json"))
                .path("dependencies")
                .path(label);
        String version = java.getProperty(label, node.asText(""));
        return version.isEmpty() ? label : label + " " + version;
    }
}
