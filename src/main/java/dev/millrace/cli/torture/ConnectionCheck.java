package dev.millrace.cli.torture;

import java.util.HashMap;
import java.util.Map;

/**
 * Watches that no worker holds more connections than its pool, the one that renews its lease, and one to spare. What a
 * fault has broken takes a while to go, so only a long excess is one. Confined to one thread.
 */
final class ConnectionCheck {
    static final String INVARIANT = "i19_connections";
    private static final int MOST = WorkerRole.POOL + 2;
    private static final int PATIENCE = 20;

    private final Findings findings;
    private final Map<Seat, Integer> excesses = new HashMap<>();

    ConnectionCheck(Findings findings) {
        this.findings = findings;
    }

    /** Looks at one worker once. */
    void sample(Seat worker) {
        int connections = worker.proxy().connections();
        boolean excess = connections > MOST && !worker.proxy().isHeld();
        int samples = excess ? excesses.getOrDefault(worker, 0) + 1 : 0;
        excesses.put(worker, samples);
        findings.checked(INVARIANT);
        if (samples == PATIENCE) {
            findings.add(INVARIANT, 1, "a worker has had more than " + MOST + " connections for long: " + connections);
        }
    }
}
