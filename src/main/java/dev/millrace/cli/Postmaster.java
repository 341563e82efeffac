package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A PostgreSQL server that runs on a data folder, as its {@code postmaster.pid} tells and the process table confirms.
 *
 * @param pid of the server's first process
 * @param port on 127.0.0.1; 0 while the server has not written it yet
 */
record Postmaster(long pid, int port) {
    private static final Path PROCESSES = Path.of("/proc");
    private static final int PORT_LINE = 3;

    /**
     * The server of that data folder; empty if none runs, whatever its file says: a killed machine leaves the file,
     * and the number in it may by now be another process's.
     */
    static Optional<Postmaster> of(Path data) throws IOException {
        Path file = file(data);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        List<String> lines = Files.readAllLines(file);
        long pid = lines.isEmpty() ? 0 : number(lines.getFirst());
        int port = lines.size() > PORT_LINE ? (int) number(lines.get(PORT_LINE)) : 0;
        return pid > 0 && isServerOf(data.toRealPath(), PROCESSES.resolve(Long.toString(pid)))
                ? Optional.of(new Postmaster(pid, port))
                : Optional.empty();
    }

    /** All processes of PostgreSQL that work in that data folder, also those that outlived their server. */
    static List<Long> processesOf(Path data) throws IOException {
        Path real = data.toRealPath();
        List<Long> pids = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROCESSES, "[0-9]*")) {
            for (Path process : processes) {
                if (isServerOf(real, process)) {
                    pids.add(Long.parseLong(process.getFileName().toString()));
                }
            }
        }
        return pids;
    }

    static Path file(Path data) {
        return data.resolve("postmaster.pid");
    }

    /** Whether it still runs. */
    boolean isAlive(Path data) throws IOException {
        return isServerOf(data.toRealPath(), PROCESSES.resolve(Long.toString(pid)));
    }

    /** Every process of a server works in its data folder. */
    private static boolean isServerOf(Path data, Path process) {
        try {
            return Files.readString(process.resolve("comm")).strip().equals("postgres")
                    && Files.readSymbolicLink(process.resolve("cwd")).equals(data);
        } catch (IOException e) {
            return false; // ended meanwhile, or another user's, which ours never are
        }
    }

    private static long number(String line) {
        try {
            return Long.parseLong(line.strip());
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
