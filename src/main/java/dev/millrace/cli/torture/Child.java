package dev.millrace.cli.torture;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What a process started by the torture run does: work, or append. Ends when the coordinator ends or asks it to. */
final class Child {
    /** The environment variable with the JDBC URL, which holds the password. */
    static final String URL = "MILLRACE_TORTURE_URL";

    private Child() {}

    /** Arguments: the role, the ledger's path, then those of the role. Does not return. */
    public static void main(String[] args) throws IOException, InterruptedException {
        String url = System.getenv(URL);
        if (args.length < 2 || url == null) {
            throw new IllegalArgumentException("only the torture run starts this: role, ledger, …");
        }
        List<String> rest = List.of(args).subList(2, args.length);
        Ledger ledger = new Ledger(Path.of(args[1]));
        switch (args[0]) {
            case "worker" -> WorkerRole.run(url, ledger, rest);
            case "warm-up" -> WorkerRole.warmUp(url, ledger, rest);
            case "appender" -> AppenderRole.run(url, ledger, steering(args[1]), rest);
            default -> throw new IllegalArgumentException("no role '" + args[0] + "'");
        }
    }

    /** The ledger of what this process says to events beside appending them. */
    private static Ledger steering(String ledger) {
        Path path = Path.of(ledger);
        return new Ledger(path.resolveSibling(Judge.STEERING + path.getFileName()));
    }

    /** Reads the coordinator's words until it is gone. */
    static void obey(java.util.function.IntConsumer word) throws IOException {
        int next;
        while ((next = System.in.read()) >= 0) {
            word.accept(next);
        }
    }
}
