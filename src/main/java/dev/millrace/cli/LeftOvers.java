package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What killed demos left: temporary folders that nobody holds, with a server that may still be running. The temporary folder is
 * shared with other users, so nothing in it is trusted by its name: a link is not followed, and only a folder that this user
 * owns and nobody else may enter is cleared, as {@link LocalPostgres} makes them.
 */
final class LeftOvers {
    private static final Logger log = LoggerFactory.getLogger(LeftOvers.class);

    /** A folder so young may belong to a process that is about to lock it. */
    private static final Duration YOUNG = Duration.ofMinutes(1);

    private LeftOvers() {}

    /** Stops and deletes those below {@code base} whose name starts with {@code prefix}. Failing to is only logged. */
    static void clear(Path base, String prefix) throws InterruptedException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(base, prefix + "*")) {
            for (Path folder : folders) {
                if (isOldAndOurs(folder)) {
                    clear(folder);
                }
            }
        } catch (IOException e) {
            log.warn("left-over demo folders not cleared base={} reason={}", base, e.toString());
        }
    }

    private static boolean isOldAndOurs(Path folder) throws IOException {
        Instant changed =
                Files.getLastModifiedTime(folder, LinkOption.NOFOLLOW_LINKS).toInstant();
        return Folders.isPrivate(folder)
                && Files.isRegularFile(DirectoryLock.file(folder), LinkOption.NOFOLLOW_LINKS)
                && changed.isBefore(Instant.now().minus(YOUNG));
    }

    private static void clear(Path folder) throws InterruptedException {
        try {
            Optional<DirectoryLock> lock = DirectoryLock.tryAcquire(folder);
            if (lock.isEmpty()) {
                return; // a demo that runs
            }
            try (DirectoryLock held = lock.get()) {
                Path data = folder.resolve("data");
                Optional<Postmaster> server = Postmaster.of(data);
                if (server.isPresent()) {
                    Path home = PostgresBinaries.unpacked(folder.resolve("binaries"));
                    PostgresStop.stop(new PostgresTools(home, folder), data, server.get());
                }
                Folders.delete(folder);
                log.debug("cleared folder={} lock={}", folder, held);
            }
        } catch (IOException e) {
            log.warn("left-over demo folder not cleared folder={} reason={}", folder, e.toString());
        }
    }
}
