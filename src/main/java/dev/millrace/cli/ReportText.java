package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.EventStatus;
import java.io.PrintWriter;
import java.util.Locale;

/** A {@link Report} for people and for programs. */
final class ReportText {
    private static final int[] PERCENTILES = {50, 95, 99};

    private ReportText() {}

    /** The table of states, the pace, the latencies and the sample of failures. */
    static void print(Report report, PrintWriter out) {
        Snapshot last = report.last();
        out.println();
        for (EventStatus status : EventStatus.all()) {
            out.printf(Locale.ROOT, "  %-10s %,9d%n", status, last.count(status));
        }
        out.printf(Locale.ROOT, "  %-10s %,9d%n%n", "total", last.total());
        if (report.settledNow() == 0) {
            out.println("  nothing was left to do");
        } else {
            out.printf(
                    Locale.ROOT,
                    "  %,d calls settled in %s: %.1f per second%n",
                    report.settledNow(),
                    Durations.text(last.elapsed()),
                    report.throughput());
        }
        if (!report.latencies().isEmpty()) {
            out.print("  latency of a call:");
            for (int percent : PERCENTILES) {
                out.printf(" p%d %s", percent, Durations.text(report.latencies().percentile(percent)));
            }
            out.println();
        }
        if (!report.failures().isEmpty()) {
            out.println();
            out.println("  Some that did not complete:");
        }
        for (Report.Failure failure : report.failures()) {
            out.println("  " + failure.status() + "  " + failure.id() + "  "
                    + failure.call().label());
            out.println("      " + failure.reason());
        }
        out.flush();
    }

    /** {@code events}, {@code counts}, {@code elapsed_s}, {@code throughput_per_s}, {@code latency_ms}, {@code failures}. */
    static ObjectNode json(Report report) {
        Snapshot last = report.last();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("events", last.total());
        ObjectNode counts = json.putObject("counts");
        EventStatus.all().forEach(status -> counts.put(status.wireName(), last.count(status)));
        json.put("settled_now", report.settledNow());
        json.put("elapsed_s", rounded(last.elapsed().toNanos() / 1e9));
        json.put("throughput_per_s", rounded(report.throughput()));
        ObjectNode latency = json.putObject("latency_ms");
        for (int percent : PERCENTILES) {
            latency.put(
                    "p" + percent,
                    rounded(report.latencies().percentile(percent).toNanos() / 1e6));
        }
        var failures = json.putArray("failures");
        for (Report.Failure failure : report.failures()) {
            failures.addObject()
                    .put("id", failure.id().toString())
                    .put("status", failure.status().wireName())
                    .put("call", failure.call().label())
                    .put("error", failure.reason());
        }
        return json;
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}
