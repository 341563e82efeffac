package dev.millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;

/** How a result is written: for people, or as JSON. */
final class Output {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Output() {}

    /** One line for people. */
    static String text(Result result) {
        String head = "%-13s %-16s ".formatted(name(result), result.peer());
        if (result.skipped() != null) {
            return head + "skipped: " + result.skipped();
        }
        Spread ratio = result.ratio();
        return head
                + "ours %s  theirs %s  ratio %s (%s to %s)"
                        .formatted(
                                figure(result, result.ours()),
                                figure(result, result.theirs()),
                                ratio(ratio.median()),
                                ratio(ratio.least()),
                                ratio(ratio.most()));
    }

    /** The case, with its measure if it has several. */
    static String name(Result result) {
        return result.of().label() + (result.measure().isEmpty() ? "" : " " + result.measure());
    }

    private static String figure(Result result, Spread spread) {
        return "%s %s (%s to %s)"
                .formatted(
                        number(spread.median()),
                        result.of().unit().label(),
                        number(spread.least()),
                        number(spread.most()));
    }

    /** A figure with three digits that say something. */
    static String number(double value) {
        if (value >= 1_000) {
            return String.format(Locale.ROOT, "%,d", Math.round(value));
        }
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
    }

    static String ratio(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    /**
     * One JSON object on one line.
     *
     * @param common what is the same for all results of the run
     */
    static String json(Result result, Map<String, ?> common) {
        ObjectNode line = JSON.createObjectNode();
        line.put("case", result.of().label());
        if (!result.measure().isEmpty()) {
            line.put("measure", result.measure());
        }
        line.put("peer", result.peer());
        if (result.skipped() == null) {
            Spread ours = result.ours();
            Spread theirs = result.theirs();
            Spread ratio = result.ratio();
            line.put("ours", rounded(ours.median()));
            line.put("theirs", rounded(theirs.median()));
            line.put("ratio", rounded(ratio.median()));
            line.put("unit", result.of().unit().label());
            line.put("rounds", result.rounds().size());
            spread(line, "ours", ours);
            spread(line, "theirs", theirs);
            spread(line, "ratio", ratio);
        } else {
            line.putNull("ours").putNull("theirs").putNull("ratio");
            line.put("unit", result.of().unit().label());
            line.put("skipped", result.skipped());
        }
        result.settings().forEach(line::putPOJO);
        common.forEach(line::putPOJO);
        return line.toString();
    }

    private static void spread(ObjectNode line, String name, Spread spread) {
        line.putArray(name + "_spread").add(rounded(spread.least())).add(rounded(spread.most()));
    }

    private static double rounded(double value) {
        return value >= 100 ? Math.round(value) : Math.round(value * 1_000) / 1_000.0;
    }
}
