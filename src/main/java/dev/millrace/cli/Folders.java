package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/** Makes and deletes folders of ours. */
final class Folders {
    private Folders() {}

    /** Makes a folder, and those above it, that only this user may enter; one that exists stays as it is. */
    static Path createPrivate(Path folder) throws IOException {
        return Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Whether it is a folder, not a link to one, that this user owns and nobody else may read, write or enter. */
    static boolean isPrivate(Path folder) throws IOException {
        return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                && isOwn(folder)
                && PosixFilePermissions.toString(Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS))
                        .equals("rwx------");
    }

    /**
     * Refuses a folder that somebody else could have put there or could change, if it exists: it must be this user's own, no link,
     * and not writable by others.
     *
     * @throws BadInputException saying what is wrong with it
     */
    static void requireOwnFolder(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        requireOwn(folder);
        boolean open = Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS).stream()
                .anyMatch(permission -> permission == PosixFilePermission.GROUP_WRITE
                        || permission == PosixFilePermission.OTHERS_WRITE);
        if (open) {
            throw refused(folder, "can be written by others");
        }
    }

    /** Refuses a file or folder that is a link or another user's, if it exists. */
    static void requireOwn(Path path) throws IOException {
        if (Files.isSymbolicLink(path)) {
            throw refused(path, "is a symbolic link");
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !isOwn(path)) {
            throw refused(
                    path,
                    "belongs to "
                            + Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).getName());
        }
    }

    private static BadInputException refused(Path path, String fault) {
        return new BadInputException(path + " " + fault
                + ", so what is in it may be somebody else's; work in another folder," + " or remove it");
    }

    private static boolean isOwn(Path path) throws IOException {
        return Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(Path.of("/proc/self")));
    }

    /** Deletes a folder and all in it without following links; what is gone already is fine. */
    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException error) throws IOException {
                if (error instanceof NoSuchFileException) { // a server that is stopping cleans up too
                    return FileVisitResult.CONTINUE;
                }
                throw error;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException error) throws IOException {
                if (error != null) {
                    throw error;
                }
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
