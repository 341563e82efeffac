package dev.millrace.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * How Millrace and one peer did in one case, over some rounds in turn.
 *
 * @param of the case
 * @param measure which of several figures of the case; empty if it has one
 * @param peer whom or what it is compared with
 * @param rounds both figures of each round
 * @param settings what else is to be known, by name
 * @param skipped why there are no figures; null if there are
 */
record Result(
        Case of,
        String measure,
        String peer,
        List<Pair> rounds,
        Map<String, Object> settings,
        @Nullable String skipped) {
    Result {
        settings = new LinkedHashMap<>(settings);
        rounds = List.copyOf(rounds);
        if (rounds.isEmpty() == (skipped == null)) {
            throw new IllegalArgumentException("either rounds or a reason for none");
        }
    }

    static Result of(Case of, String peer, List<Pair> rounds, Map<String, Object> settings) {
        return new Result(of, "", peer, rounds, settings, null);
    }

    static Result skipped(Case of, String peer, String why) {
        return new Result(of, "", peer, List.of(), Map.of(), why);
    }

    /** The median of the rounds' ratios: a round's two sides ran one after the other, on the same mood of the machine. */
    Spread ratio() {
        return spread(round -> of.unit().ratio(round.ours(), round.theirs()));
    }

    Spread ours() {
        return spread(Pair::ours);
    }

    Spread theirs() {
        return spread(Pair::theirs);
    }

    private Spread spread(ToDoubleFunction<Pair> figure) {
        return Spread.of(rounds.stream().mapToDouble(figure).toArray());
    }
}
