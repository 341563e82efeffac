package dev.millrace.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;

/** Where Debian puts its PostgreSQL programs. */
final class PostgresHome {
    private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
    private static final int OLDEST = 15;

    private PostgresHome() {}

    /** The newest installed one that is new enough. */
    static Optional<Path> installed() {
        String[] names = DEBIAN.toFile().list();
        return Arrays.stream(names == null ? new String[0] : names)
                .filter(name -> name.matches("\\d{1,4}"))
                .map(Integer::valueOf)
                .filter(version -> version >= OLDEST && isHome(DEBIAN.resolve("" + version)))
                .max(Comparator.naturalOrder())
                .map(version -> DEBIAN.resolve("" + version));
    }

    /** Whether a server can be made and started with the programs of that folder. */
    static boolean isHome(Path home) {
        return Files.isExecutable(home.resolve("bin/initdb")) && Files.isExecutable(home.resolve("bin/pg_ctl"));
    }
}
