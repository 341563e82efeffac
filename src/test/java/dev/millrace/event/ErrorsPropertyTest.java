package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Random graphs of errors, with sharing and cycles, against the rules written down a second time and simply. */
class ErrorsPropertyTest {
    private static final int GRAPHS = 5_000;

    @Test
    @DisplayName("R-018, R-026, R-027, R-028 random graphs of errors are written as the rules say, within the budget")
    void document_randomGraphs_agreesWithTheRules() {
        long seed = RandomJson.seed(getClass());
        RandomJson values = new RandomJson(seed, 0.05);
        int small = 0;
        for (int i = 0; i < GRAPHS; i++) {
            List<Throwable> graph = graph(values);
            Throwable root = graph.getFirst();
            String as = "seed %d, graph %d".formatted(seed, i);

            ObjectNode document = Errors.document(root);

            int bytes = ErrorsTest.bytes(document);
            assertThat(bytes).as(as).isLessThanOrEqualTo(ErrorDocument.MAX_BYTES);
            assertThat(Json.parse(Payloads.encode(document, ErrorDocument.MAX_BYTES)))
                    .as(as)
                    .isEqualTo(document);
            if (!document.toString().contains("\"omitted\"")) {
                small++;
                assertThat(document).as(as).isEqualTo(expected(root, new ArrayList<>(), new int[] {20_000}));
            }
            assertThat(Errors.retryable(root)).as(as).isEqualTo(expectedRetryable(root, new ArrayList<>()));
        }
        assertThat(small).as("seed %d", seed).isGreaterThan(GRAPHS / 10);
    }

    /** Up to twelve errors that refer to one another at random: early ones mostly to later ones, some back. */
    private static List<Throwable> graph(RandomJson values) {
        Random random = values.random();
        List<Throwable> graph = new ArrayList<>();
        int size = 1 + random.nextInt(12);
        for (int i = 0; i < size; i++) {
            String text = random.nextInt(10) == 0 ? null : values.text();
            graph.add(
                    switch (random.nextInt(7)) {
                        case 0 -> new IllegalStateException(text);
                        case 1 -> new ConnectionException(String.valueOf(text));
                        case 2 ->
                            random.nextInt(4) == 0
                                    ? new ValidationException(String.valueOf(text), Map.of("path", "$.a"))
                                    : new AssertionError(text);
                        case 3 -> new Exception(text) {};
                        default -> new ErrorsTest.OpenGroup(String.valueOf(text));
                    });
        }
        for (int i = 0; i < size; i++) {
            for (int edges = random.nextInt(3); edges > 0; edges--) {
                boolean back = random.nextInt(10) == 0;
                Throwable to = graph.get(back ? random.nextInt(size) : Math.min(size - 1, i + 1 + random.nextInt(3)));
                if (graph.get(i) instanceof ErrorsTest.OpenGroup group && random.nextInt(4) > 0) {
                    group.members.add(to);
                } else if (!to.equals(graph.get(i))) {
                    graph.get(i).addSuppressed(to);
                }
            }
        }
        return graph;
    }

    private static List<Throwable> children(Throwable error) {
        Stream<Throwable> members = error instanceof ErrorsTest.OpenGroup group ? group.members.stream() : Stream.of();
        return Stream.concat(members, Arrays.stream(error.getSuppressed())).toList();
    }

    private static ObjectNode expected(Throwable error, List<Throwable> path, int[] stepsLeft) {
        assertThat(stepsLeft[0]--).isPositive();
        List<Throwable> children = children(error);
        boolean group = error instanceof ExceptionGroup;
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (!children.isEmpty() && path.size() > 100) {
            json.put("error", group ? "ExceptionGroup" : name(error));
            json.put("message", group ? "Max nesting depth (100) exceeded" : message(error));
            return json.put("nested_count", children.size());
        }
        if (!children.isEmpty() && path.contains(error)) {
            json.put("error", group ? "ExceptionGroup" : name(error));
            return json.put("message", "Circular reference detected");
        }
        json.put("error", name(error)).put("message", message(error));
        if (error instanceof MillraceException known) {
            json.put("retryable", known.retryable());
            Map<String, Object> details = new HashMap<>(known.details());
            if (!details.isEmpty()) {
                json.set("details", Json.MAPPER.<JsonNode>valueToTree(details));
            }
        }
        if (!children.isEmpty()) {
            List<Throwable> below = new ArrayList<>(path);
            below.add(error);
            children.forEach(child -> json.withArray("exceptions").add(expected(child, below, stepsLeft)));
        }
        return json;
    }

    private static String name(Throwable error) {
        return switch (error) {
            case ConnectionException e -> "ConnectionError";
            case ValidationException e -> "ValidationError";
            case ErrorsTest.OpenGroup e -> "OpenGroup";
            case AssertionError e -> "AssertionError";
            case IllegalStateException e -> "IllegalStateException";
            default -> "Exception";
        };
    }

    private static String message(Throwable error) {
        return error.getMessage() == null ? "" : Texts.storable(error.getMessage(), 10_240);
    }

    private static boolean expectedRetryable(Throwable error, List<Throwable> seen) {
        if (seen.contains(error)) {
            return true;
        }
        seen.add(error);
        return !(error instanceof ValidationException)
                && children(error).stream().allMatch(child -> expectedRetryable(child, seen));
    }
}
