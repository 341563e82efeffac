package dev.millrace.bench;

import java.util.Set;

/**
 * What a run is to measure.
 *
 * @param cases which cases
 * @param peers against whom
 * @param rounds measurements of each side
 * @param events how many events a drain takes; the other cases are in proportion to it
 */
record Plan(Set<Case> cases, Set<Contender> peers, int rounds, int events) {
    static final int USUAL_EVENTS = 100_000;
    static final int USUAL_ROUNDS = 5;
    private static final int APPENDS_PER_100 = 5;

    Plan {
        cases = Set.copyOf(cases);
        peers = Set.copyOf(peers);
    }

    /** Single appends by one client: they take longer. */
    int singleAppends(int clients) {
        return Math.max(1, events * APPENDS_PER_100 / 100 * (clients > 1 ? 2 : 1));
    }

    /** Events of the round that nobody counts. */
    int warmUp() {
        return Math.max(1, events / 4);
    }
}
