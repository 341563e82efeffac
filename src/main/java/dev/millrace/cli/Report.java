package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.Executor;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What came of a flow's calls, read back from the database.
 *
 * @param settledNow how many of them this run settled
 * @param latencies of the calls that ran, the failed ones too
 * @param failures a sample
 */
record Report(Snapshot last, long settledNow, Latencies latencies, List<Failure> failures) {
    private static final int SAMPLE = 3;

    /** A call that did not complete; {@code reason} is safe to print. */
    record Failure(UUID id, EventStatus status, HttpCall call, String reason) {
        static Failure of(Event<HttpCall> event) {
            JsonNode error = event.execution().error();
            String message = error == null ? "" : error.path("message").asText();
            return new Failure(event.id(), event.status(), event.payload(), Text.printable(message, 300));
        }
    }

    /** Reads it. */
    static Report of(Executor<HttpCall> executor, Snapshot last, long settledBefore) {
        Latencies latencies = new Latencies();
        List<Failure> failed = new ArrayList<>();
        List<Failure> others = new ArrayList<>();
        for (EventStatus status : EventStatus.all()) {
            if (status.isTerminal() && last.count(status) > 0) {
                for (Event<HttpCall> event : executor.events(status)) {
                    add(latencies, event.execution().duration());
                    List<Failure> sample = status == EventStatus.FAILED ? failed : others;
                    if (status != EventStatus.COMPLETED && sample.size() < SAMPLE) {
                        sample.add(Failure.of(event));
                    }
                }
            }
        }
        return new Report(last, last.settled() - settledBefore, latencies, sample(failed, others));
    }

    private static void add(Latencies latencies, @Nullable Duration duration) {
        if (duration != null) {
            latencies.add(duration);
        }
    }

    /** Three, with one that ended another way than failed among them if there is one. */
    private static List<Failure> sample(List<Failure> failed, List<Failure> others) {
        List<Failure> sample = new ArrayList<>(failed.subList(0, Math.min(failed.size(), SAMPLE)));
        if (sample.size() == SAMPLE && !others.isEmpty()) {
            sample.removeLast();
        }
        others.stream().limit(SAMPLE - sample.size()).forEach(sample::add);
        return List.copyOf(sample);
    }

    /** Calls that this run settled per second. */
    double throughput() {
        double seconds = last.elapsed().toNanos() / 1e9;
        return seconds <= 0 ? 0 : settledNow / seconds;
    }
}
