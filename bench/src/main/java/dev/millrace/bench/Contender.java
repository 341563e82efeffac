package dev.millrace.bench;

import dev.millrace.bench.child.ChildMain;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Who is measured: Millrace, and those it is compared with. */
enum Contender {
    MILLRACE("millrace", 1, ""),
    SQL("sql", 1, ""),
    DB_SCHEDULER("db-scheduler", 1, ""),
    JOBRUNR("jobrunr", 10, ""),
    GRAPHILE_WORKER(
            "graphile-worker",
            1,
            "its perfTest configuration: concurrentJobs 24, localQueue 500, refetchDelay 10 ms, completeJobBatchDelay 0;"
                    + " single: add_job(); bulk: add_jobs(20000); deletes what is done"),
    PG_BOSS(
            "pg-boss",
            1,
            "batchSize 100, burstWhenBatchFull, localConcurrency 4; pick-up: useListenNotify and a notifying queue;"
                    + " bulk: insert(1000)");

    private final String label;
    private final int share;
    private final String nodeConfiguration;

    Contender(String label, int share, String nodeConfiguration) {
        this.label = label;
        this.share = share;
        this.nodeConfiguration = nodeConfiguration;
    }

    /** The name on the command line and in the results. */
    String label() {
        return label;
    }

    /** Whether its processes are Node's, not Java's. */
    boolean isNode() {
        return !nodeConfiguration.isEmpty();
    }

    /** How many of that many events it is given: less of what takes it minutes, since rates are compared. */
    int events(int asked) {
        return Math.max(1, asked / share);
    }

    /** Which version it is, and how it was set up. */
    String configuration() throws IOException {
        return Versions.named(this) + ": " + (isNode() ? nodeConfiguration : ChildMain.configuration(label));
    }

    /** Those that Millrace can be compared with. */
    static List<Contender> peers() {
        return Arrays.stream(values()).filter(peer -> peer != MILLRACE).toList();
    }

    /** The peer of that name. */
    static Optional<Contender> peer(String label) {
        return peers().stream().filter(peer -> peer.label.equals(label)).findFirst();
    }

    /** The names of all peers, for messages. */
    static String labels() {
        return peers().stream().map(Contender::label).collect(Collectors.joining(", "));
    }
}
