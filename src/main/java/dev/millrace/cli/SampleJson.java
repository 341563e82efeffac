package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** What the sample API answers with. */
final class SampleJson {
    private SampleJson() {}

    /** The answer to a call: what was asked, and an error if it failed. */
    static String answer(String method, String target, int status) {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        answer.put("method", method).put("target", target);
        if (status >= 400) {
            answer.put("error", "sample failure " + status);
        } else {
            answer.put("ok", true);
        }
        return answer.toString();
    }

    /** {@code total} and, under {@code requests}, how often each target was asked for. */
    static String stats(Map<String, Integer> requests) {
        ObjectNode stats = JsonNodeFactory.instance.objectNode();
        stats.put(
                "total", requests.values().stream().mapToInt(Integer::intValue).sum());
        ObjectNode each = stats.putObject("requests");
        requests.forEach(each::put);
        return stats.toString();
    }
}
