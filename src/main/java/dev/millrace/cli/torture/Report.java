package dev.millrace.cli.torture;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Map;

/**
 * What a torture run came to.
 *
 * @param eventsPerSecond settled, from the first append to the last settlement
 * @param samples of the observer
 */
record Report(
        Settings settings,
        Map<String, Integer> faults,
        Findings findings,
        Judge.Totals totals,
        double eventsPerSecond,
        int samples) {
    boolean passed() {
        return findings.total() == 0;
    }

    int faultsInAll() {
        return faults.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** For people. */
    void print(PrintWriter out) {
        out.printf(
                "%,d events acknowledged, %,d settled, %,.0f a second; %,d runs, %,d attempts lost, %,d stale answers refused,"
                        + " %,d aborted%n",
                totals.acknowledged(),
                totals.settled(),
                eventsPerSecond,
                totals.runs(),
                totals.lost(),
                totals.late(),
                totals.aborted());
        out.printf(
                "%,d faults: %s; %,d samples; p99 from a last renewal to the rescue: %,d ms%n",
                faultsInAll(), faults, samples, totals.rescuedMillis());
        findings.counts().forEach((name, count) -> {
            out.printf("  %-26s %d%n", name, count);
            findings.examples(name).forEach(example -> out.println("      " + example));
        });
        out.println("  i12_effects, i13_order, i17_cron: n/a");
        out.println((passed() ? "PASSED" : "FAILED, everything is kept in " + settings.folder()) + "; again: "
                + settings.command());
        out.flush();
    }

    /** One line for programs. */
    String json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("seed", settings.seed());
        json.put("seconds", settings.seconds());
        json.put("profile", settings.profile().wireName());
        json.put("events", totals.acknowledged());
        json.put("settled", totals.settled());
        json.put("fault_count", faultsInAll());
        faults.forEach(json.putObject("faults")::put);
        findings.counts().forEach(json.putObject("violations")::put);
        json.put("stale_refused", totals.late());
        json.put("events_per_second", Math.round(eventsPerSecond * 10) / 10.0);
        json.put("lost_attempts", totals.lost());
        json.put("samples", samples);
        return json.toString();
    }
}
