package dev.millrace.cli;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The programs of PostgreSQL, unpacked once per user into a cache: {@code $XDG_CACHE_HOME/millrace}, by default
 * {@code ~/.cache/millrace}. Any number of processes may unpack at once: each unpacks beside the others' and the
 * first to finish puts its folder in place.
 */
final class PostgresBinaries {
    private static final String ARCHIVE = "/postgres-linux-x86_64.txz";
    private static final int EXECUTABLE = 0100;

    private PostgresBinaries() {}

    /**
     * The folder that holds {@code bin}, {@code lib} and {@code share}.
     *
     * @param fallback where to unpack if there is no cache that can be written
     * @throws BadInputException if there are no programs for this platform
     */
    static Path unpacked(Path fallback) throws IOException {
        checkPlatform();
        String name = "postgres-" + fingerprint().substring(0, 16);
        Path cache = cache(fallback);
        Path home = cache.resolve(name);
        Folders.requireOwnFolder(home);
        if (!Files.isDirectory(home)) {
            Path unfinished = Files.createTempDirectory(cache, name + ".");
            try {
                unpack(unfinished);
                putInPlace(unfinished, home);
            } finally {
                Folders.delete(unfinished);
            }
        }
        return home;
    }

    private static void checkPlatform() {
        String os = System.getProperty("os.name", "unknown");
        String arch = System.getProperty("os.arch", "unknown");
        boolean runs = os.toLowerCase(Locale.ROOT).equals("linux")
                && Set.of("amd64", "x86_64").contains(arch);
        if (!runs || PostgresBinaries.class.getResource(ARCHIVE) == null) {
            throw new BadInputException("there is no embedded PostgreSQL for " + os + " on " + arch
                    + "; name a server of your own with --jdbc-url jdbc:postgresql://host/database?user=u&password=p");
        }
    }

    private static Path cache(Path fallback) throws IOException {
        String configured = System.getenv("XDG_CACHE_HOME");
        Path base = configured == null || configured.isBlank()
                ? Path.of(System.getProperty("user.home", "/nonexistent"), ".cache")
                : Path.of(configured);
        try {
            Path cache = Folders.createPrivate(base.resolve("millrace"));
            Folders.requireOwnFolder(cache);
            return cache;
        } catch (IOException e) {
            return Files.createDirectories(fallback); // no home that can be written, as in a container
        }
    }

    private static void putInPlace(Path unfinished, Path home) throws IOException {
        try {
            Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.isDirectory(home)) { // else another process was faster, with the same content
                throw e;
            }
        }
    }

    private static String fingerprint() throws IOException {
        MessageDigest digest = CallLine.sha256();
        try (InputStream in = new DigestInputStream(archive(), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void unpack(Path folder) throws IOException {
        try (InputStream xz = new XZInputStream(new BufferedInputStream(archive()));
                TarArchiveInputStream tar = new TarArchiveInputStream(xz)) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path target = folder.resolve(entry.getName()).normalize();
                if (!target.startsWith(folder)) {
                    throw new IOException("the archive of PostgreSQL names a file outside itself: " + entry.getName());
                }
                unpack(entry, tar, target);
            }
        }
    }

    private static void unpack(TarArchiveEntry entry, InputStream content, Path target) throws IOException {
        if (entry.isDirectory()) {
            Files.createDirectories(target);
            return;
        }
        Files.createDirectories(target.getParent());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
            return;
        }
        if (!entry.isFile()) {
            throw new IOException("the archive of PostgreSQL holds an unknown kind of " + target);
        }
        Files.copy(content, target);
        if ((entry.getMode() & EXECUTABLE) != 0) {
            Set<PosixFilePermission> permissions = EnumSet.copyOf(Files.getPosixFilePermissions(target));
            permissions.add(PosixFilePermission.OWNER_EXECUTE);
            Files.setPosixFilePermissions(target, permissions);
        }
    }

    private static InputStream archive() throws IOException {
        InputStream in = PostgresBinaries.class.getResourceAsStream(ARCHIVE);
        if (in == null) {
            throw new IOException("the archive of PostgreSQL is not on the class path");
        }
        return in;
    }
}
