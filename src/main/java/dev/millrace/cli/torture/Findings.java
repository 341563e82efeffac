package dev.millrace.cli.torture;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is wrong, by the name of the invariant it breaks. Thread-safe. */
final class Findings {
    private static final int KEPT = 5;

    private final Map<String, Finding> findings = new LinkedHashMap<>();

    private static final class Finding {
        private long count;
        private final List<String> examples = new ArrayList<>();
    }

    /** The invariant was looked at; nothing is wrong so far. */
    synchronized void checked(String invariant) {
        findings.computeIfAbsent(invariant, name -> new Finding());
    }

    synchronized void add(String invariant, long count, String example) {
        Finding finding = findings.computeIfAbsent(invariant, name -> new Finding());
        finding.count += count;
        if (finding.examples.size() < KEPT) {
            finding.examples.add(example);
        }
    }

    /** How many violations of each invariant that was looked at. */
    synchronized Map<String, Long> counts() {
        Map<String, Long> counts = new LinkedHashMap<>();
        findings.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> counts.put(entry.getKey(), entry.getValue().count));
        return counts;
    }

    synchronized long total() {
        return findings.values().stream().mapToLong(finding -> finding.count).sum();
    }

    /** The first few of an invariant's violations. */
    synchronized List<String> examples(String invariant) {
        Finding finding = findings.get(invariant);
        return finding == null ? List.of() : List.copyOf(finding.examples);
    }
}
