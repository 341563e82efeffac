package dev.millrace.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The right of one process to use a folder, held by a lock on a file in it. The operating system takes it back when
 * the process ends, however it ends. The file stays; one beside it names the last holder.
 */
final class DirectoryLock implements AutoCloseable {
    /** What this process holds. The system's lock is the process's: to close the file a second time would give it up. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;

    private DirectoryLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /** Takes the folder; empty if another process, or this one, has it. */
    static Optional<DirectoryLock> tryAcquire(Path folder) throws IOException {
        Path real = folder.toRealPath();
        if (!HELD.add(real)) {
            return Optional.empty();
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(
                    file(real), StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            if (channel.tryLock() != null) {
                Files.deleteIfExists(holderFile(real)); // never through a link
                Files.writeString(
                        holderFile(real), Long.toString(ProcessHandle.current().pid()), StandardOpenOption.CREATE_NEW);
                DirectoryLock lock = new DirectoryLock(real, channel);
                channel = null;
                return Optional.of(lock);
            }
            HELD.remove(real);
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            HELD.remove(real);
            throw e;
        } finally {
            if (channel != null) {
                channel.close();
            }
        }
    }

    /** Who has or last had the folder, for a message. */
    static String holder(Path folder) {
        try {
            return "pid " + Text.printable(Files.readString(holderFile(folder)).strip(), 20);
        } catch (IOException e) {
            return "pid unknown";
        }
    }

    static Path file(Path folder) {
        return folder.resolve("lock");
    }

    private static Path holderFile(Path folder) {
        return folder.resolve("lock.holder");
    }

    /** Gives the folder back. May be called twice. */
    @Override
    public void close() throws IOException {
        if (channel.isOpen()) {
            channel.close();
            HELD.remove(folder);
        }
    }
}
