package dev.millrace.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * One run of the benchmark: what all cases share.
 *
 * @param plan what to measure
 * @param launch how to start a contender's process
 * @param probe the coordinator's look at the database
 * @param results where each result goes as soon as it is known
 * @param progress told in words what is going on
 */
record Session(Plan plan, Launch launch, Probe probe, Consumer<Result> results, Consumer<String> progress) {
    /** Something that yields one figure or several of one side in one round. */
    interface Side<T> {
        T measure() throws IOException, InterruptedException, SQLException;
    }

    /** What one round yielded of both sides. */
    record Both<T>(T ours, T theirs) {}

    /** Measures us and the peer in turn, who comes first changing from round to round. */
    <T> List<Both<T>> inTurn(String what, Side<T> ours, Side<T> theirs)
            throws IOException, InterruptedException, SQLException {
        List<Both<T>> rounds = new ArrayList<>();
        for (int round = 0; round < plan.rounds(); round++) {
            progress.accept(what + ", round " + (round + 1) + " of " + plan.rounds());
            boolean weBegin = round % 2 == 0;
            T first = weBegin ? ours.measure() : theirs.measure();
            T second = weBegin ? theirs.measure() : ours.measure();
            rounds.add(weBegin ? new Both<>(first, second) : new Both<>(second, first));
        }
        return rounds;
    }

    /** The figures of all rounds. */
    static <T> List<Pair> pairs(List<Both<T>> rounds, ToDoubleFunction<T> figure) {
        return rounds.stream()
                .map(round -> new Pair(figure.applyAsDouble(round.ours()), figure.applyAsDouble(round.theirs())))
                .toList();
    }

    boolean wants(Case... cases) {
        for (Case one : cases) {
            if (plan.cases().contains(one)) {
                return true;
            }
        }
        return false;
    }

    /** Tells a result, if its case was asked for. */
    void tell(Result result) {
        if (wants(result.of())) {
            results.accept(result);
        }
    }

    /** How both sides were set up. */
    static Map<String, Object> setUp(Contender peer) throws IOException {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("our_setup", Contender.MILLRACE.configuration());
        settings.put("their_setup", peer.configuration());
        return settings;
    }
}
