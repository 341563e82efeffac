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
        out.printf("%,d faults: %s; %,d samples%n", faultsInAll(), faults, samples);
        Judge.Pace pace = totals.pace();
        out.printf(
                "SIGKILL to running elsewhere: of %,d, median %,d ms, p99 %,d ms; of the %,d of them that happened while"
                        + " another worker held its lease, median %,d ms, p99 %,d ms, p99 until the rescue %,d ms%n",
                pace.kills(),
                pace.median(),
                pace.most(),
                pace.calm(),
                pace.calmMedian(),
                pace.calmMost(),
                pace.calmRescued());
        findings.counts().forEach((name, count) -> {
            out.printf("  %-26s %d%n", name, count);
            findings.examples(name).forEach(example -> out.println("      " + example));
        });
        out.println("  i13_order, i17_cron: n/a");
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
        ObjectNode running = json.putObject("killed_to_running_ms");
        running.put("kills", totals.pace().kills());
        running.put("p50", totals.pace().median());
        running.put("p99", totals.pace().most());
        running.put("calm", totals.pace().calm());
        running.put("calm_p50", totals.pace().calmMedian());
        running.put("calm_p99", totals.pace().calmMost());
        running.put("calm_rescued_p99", totals.pace().calmRescued());
        json.put("samples", samples);
        return json.toString();
    }
}
