package dev.millrace.bench;

import java.util.Set;

/**
 * What a run is to measure.
 *
 * @param cases which cases
 * @param peers against whom
 * @param own whether to compare us with ourselves as well
 * @param rounds measurements of each side
 * @param events how many events a drain takes; the other cases are in proportion to it
 */
record Plan(Set<Case> cases, Set<Contender> peers, boolean own, int rounds, int events) {
    static final int USUAL_EVENTS = 100_000;
    static final int USUAL_ROUNDS = 5;
    private static final int APPENDS_PER_100 = 5;

    Plan {
        cases = Set.copyOf(cases);
        peers = Set.copyOf(peers);
    }

    /** Whether any of the cases compares us with others. */
    boolean hasPeerCases() {
        return cases.stream().anyMatch(Case::hasPeers);
    }

    /** Single appends by one client: they take longer. */
    int singleAppends(int clients) {
        return Math.max(1, events * APPENDS_PER_100 / 100 * (clients > 1 ? 2 : 1));
    }

    /** Appends, one now and then, of a round of pick-up. */
    int idlePings() {
        return Math.clamp(events / 500, 20, 1_000);
    }

    /** Appends, one after the other, of a round of pick-up. */
    int busyPings() {
        return Math.clamp(events / 20, 100, 20_000);
    }

    /** Events of the round that nobody counts. */
    int warmUp() {
        return Math.max(1, events / 4);
    }
}
