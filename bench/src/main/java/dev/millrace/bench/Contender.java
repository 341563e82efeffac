package dev.millrace.bench;

import dev.millrace.bench.child.ChildMain;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Who is measured: Millrace, and those it is compared with. */
enum Contender {
    MILLRACE("millrace", 1),
    SQL("sql", 1),
    DB_SCHEDULER("db-scheduler", 1);

    private final String label;
    private final int share;

    Contender(String label, int share) {
        this.label = label;
        this.share = share;
    }

    /** The name on the command line and in the results. */
    String label() {
        return label;
    }

    /** How many of that many events it is given: less of what takes it minutes, since rates are compared. */
    int events(int asked) {
        return Math.max(1, asked / share);
    }

    /** How it was set up. */
    String configuration() {
        return ChildMain.configuration(label);
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
