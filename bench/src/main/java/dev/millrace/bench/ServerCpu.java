package dev.millrace.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The CPU time of a PostgreSQL server on this Linux machine: of its postmaster, the processes it has now, and those it had.
 *
 * @param postmaster its pid
 */
record ServerCpu(long postmaster) {
    private static final double TICKS_PER_SECOND = 100; // USER_HZ, which Linux fixes for user space
    private static final Pattern SPACE = Pattern.compile(" ");
    private static final int UTIME = 11; // counted after the process's name
    private static final int CSTIME = 14;

    /** Of the server with that data folder; empty if that cannot be seen from here. */
    static Optional<ServerCpu> of(String dataFolder) throws IOException {
        Path file = Path.of(dataFolder, "postmaster.pid");
        if (dataFolder.isEmpty() || !Files.isReadable(file) || !Files.exists(Path.of("/proc/self/stat"))) {
            return Optional.empty();
        }
        long pid = Long.parseLong(Files.readAllLines(file).getFirst().strip());
        return Files.exists(Path.of("/proc/" + pid)) ? Optional.of(new ServerCpu(pid)) : Optional.empty();
    }

    double seconds() throws IOException {
        double ticks = ticks(postmaster, CSTIME);
        for (long child : children()) {
            ticks += ticksOfChild(child);
        }
        return ticks / TICKS_PER_SECOND;
    }

    /** The processes that the postmaster has now. */
    List<Long> children() throws IOException {
        String children = Files.readString(Path.of("/proc/" + postmaster + "/task/" + postmaster + "/children"));
        return SPACE.splitAsStream(children.strip()).map(Long::valueOf).toList();
    }

    private static double ticksOfChild(long pid) throws IOException {
        try {
            return ticks(pid, UTIME + 1);
        } catch (NoSuchFileException e) {
            return 0; // it has just ended; the postmaster's sum will have it
        }
    }

    /** The sum of the fields of {@code stat} from utime up to that one: own time, and that of children waited for. */
    private static double ticks(long pid, int last) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        List<String> fields =
                SPACE.splitAsStream(stat.substring(stat.lastIndexOf(')') + 2)).toList();
        double ticks = 0;
        for (int i = UTIME; i <= last; i++) {
            ticks += Double.parseDouble(fields.get(i));
        }
        return ticks;
    }
}
