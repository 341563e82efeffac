package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/**
 * The configuration files of a {@link LocalPostgres}: what they say is said here and nowhere else. A setting of PostgreSQL can name
 * a command, such as {@code archive_command}, or a library; whoever plants a data folder must not get one run.
 */
final class Configuration {
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final Map<String, String> FILES = Map.of(
            "postgresql.conf", "# Written by Millrace before each start. Settings stand on the command line.\n",
            "postgresql.auto.conf", "# Written by Millrace before each start: ALTER SYSTEM lasts until then.\n",
            "pg_ident.conf", "# Written by Millrace before each start.\n",
            "pg_hba.conf", "# Written by Millrace before each start.\nhost all all 127.0.0.1/32 scram-sha-256\n");

    private Configuration() {}

    /** Puts the files in place of those of a data folder whose server does not run, and takes away what restores an archive. */
    static void write(Path data) throws IOException {
        for (Map.Entry<String, String> file : FILES.entrySet()) {
            Path path = data.resolve(file.getKey());
            Files.deleteIfExists(path); // never through a link
            Files.createFile(path, PRIVATE);
            Files.writeString(path, file.getValue(), StandardOpenOption.WRITE);
        }
        Files.deleteIfExists(data.resolve("recovery.signal"));
        Files.deleteIfExists(data.resolve("standby.signal"));
    }
}
