package dev.millrace.security;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Calls of a function with arguments that nobody means well: nulls, extreme numbers and times, hostile texts, JSON that is broken,
 * deep or large, arrays of all of that. Each argument is an expression of SQL, so that large ones are made by the server. Names and
 * ids repeat, so that calls meet what others have made. Confined to one thread.
 */
final class HostileCalls {
    /** The arguments of {@code append}, in order, and of the view {@code enqueue}. */
    private static final List<String> COLUMNS = List.of(
            "payload",
            "priority",
            "run_at",
            "timeout",
            "deadline",
            "metadata",
            "unique_key",
            "id",
            "unique_scope",
            "unique_period",
            "on_conflict",
            "streaming",
            "delay",
            "max_crashes");

    private static final String[] NAMES = {"a", "b", "bounded", "paused", "Ünï çödé", "a b"};

    private static final String[] WORDS = {
        "pending",
        "settled",
        "period",
        "forever",
        "return",
        "replace",
        "fail",
        "processing",
        "completed",
        "failed",
        "cancelled",
        "skipped",
        "aborted",
        "a,,1",
        "t,2026-11-22T10:00:00Z,5",
        "f,1,2",
        "t,x,y",
        "p,1",
        ",,",
        "k1",
        "k2",
        "k3",
        "22023",
        "flow name"
    };

    private static final String[] TEXTS = {
        "''",
        "' '",
        "'a '",
        "E'\\u00a0a'",
        "'''; drop table millrace.event; --'",
        "'\"'",
        "E'\\\\'",
        "'$1'",
        "'%s%n%I'",
        "'{}'",
        "'{\"a\":1}'",
        "'null'",
        "'true'",
        "'-1'",
        "'NaN'",
        "'1e400'",
        "E'a\\u0001b'",
        "E'a\\nb'",
        "E'\\u202eabc'",
        "E'\\ufffe'",
        "E'\\U0001F600'",
        "E'\\U0010FFFF'",
        "E'\\u0378'",
        "repeat('x', 200)",
        "repeat('x', 201)",
        "repeat('€', 200)",
        "repeat(E'\\U0001F600', 201)",
        "repeat('y', 100000)",
        "E'e\\u0301'",
        "'epoch'",
        "'infinity'",
        "'2026-02-30T00:00:00Z'",
        "'99999-01-01T00:00:00Z'",
        "'2026-01-01'",
        "'pg_catalog.pg_class'",
        "'millrace'"
    };

    private static final String[] INTEGERS = {
        "0", "1", "-1", "2", "100", "101", "1000", "1001", "100000", "100001", "2147483647", "-2147483648"
    };

    private static final String[] DOUBLES = {
        "0",
        "-0.0",
        "1",
        "-1",
        "0.001",
        "0.0009",
        "1e-300",
        "1e300",
        "-1e308",
        "1.5",
        "315360000",
        "315360000.1",
        "3601",
        "'NaN'",
        "'Infinity'",
        "'-Infinity'",
        "4.9e-324",
        "86400"
    };

    private static final String[] TIMES = {
        "now()",
        "clock_timestamp() + interval '1 hour'",
        "'epoch'",
        "'infinity'",
        "'-infinity'",
        "'4713-01-01 00:00:00+00 BC'",
        "'0001-01-01 00:00:00+00'",
        "'0001-12-31 23:59:59+00 BC'",
        "'9999-12-31 23:59:59+00'",
        "'10000-01-01 00:00:00+00'",
        "'294276-12-31 23:59:59.999999+00'",
        "'2026-06-30 23:59:60+00'",
        "'294277-01-01 00:00:00+00'"
    };

    private static final String[] INTERVALS = {
        "'0'",
        "'1 hour'",
        "'-1 hour'",
        "'178000000 years'",
        "'-178000000 years'",
        "'1 month -31 days'",
        "'1 microsecond'"
    };

    private static final String[] DOCUMENTS = {
        "'{}'",
        "'[]'",
        "'null'",
        "'1'",
        "'\"x\"'",
        "'{\"order\": 7}'",
        "'{\"a\": {\"b\": [1, 2, {\"c\": null}]}}'",
        "'{'",
        "'[1,'",
        "'nul'",
        "''",
        "'{\"a\":1,\"a\":2}'",
        "'\"\\u0000\"'",
        "'\"\\ud800\"'",
        "'1e1000'",
        "'1e140000'",
        "repeat('[', 499) || repeat(']', 499)",
        "repeat('[', 501) || repeat(']', 501)",
        "repeat('[', 3000) || '1,' || repeat(']', 3000)",
        "repeat('[', 200000)",
        "repeat('{\"a\":', 490) || '1' || repeat('}', 490)",
        "repeat('9', 1000)",
        "repeat('9', 1001)",
        "'{\"root\":\"x\",\"attempt\":-1}'",
        "'{\"' || repeat('k', 50001) || '\":1}'",
        "'[' || repeat('{},', 2000) || '1]'"
    };

    private final Random random;
    private final List<String> ids;

    /** @param ids of events that are there, beside some that are not */
    HostileCalls(Random random, List<String> ids) {
        this.random = random;
        this.ids = ids;
    }

    /**
     * A function as the catalog has it.
     *
     * @param arguments names of its arguments; empty where one has none
     * @param types of its arguments
     * @param defaults how many of the last may be left out
     */
    record Callable(String name, List<String> arguments, List<String> types, int defaults) {}

    /** A call of it, as a statement. */
    String call(Callable callable) {
        if (callable.name().equals("enqueue")) {
            return insert();
        }
        int given = callable.types().size() - random.nextInt(callable.defaults() + 1);
        List<String> arguments = new ArrayList<>();
        for (int i = 0; i < given; i++) {
            arguments.add(argument(callable, i));
        }
        return "select count(*) from millrace.%s(%s)".formatted(callable.name(), String.join(", ", arguments));
    }

    private String argument(Callable callable, int place) {
        String name = callable.arguments().get(place);
        String type = callable.types().get(place);
        if (name.equals("seconds")) { // would wait as long
            return pick("null", "0", "0.001", "-1", "3601", "'NaN'", "'-Infinity'") + "::double precision";
        }
        if (name.equals("events") && random.nextInt(4) > 0) {
            return batch();
        }
        return value(name, type);
    }

    private String insert() {
        List<String> values = COLUMNS.stream()
                .map(column -> random.nextInt(3) > 0 ? "null" : value(column, typeOf(column)))
                .collect(Collectors.toCollection(ArrayList::new));
        values.set(0, value("payload", "jsonb"));
        return "insert into millrace.enqueue (flow, type, %s) values (%s, %s, %s)"
                .formatted(
                        String.join(", ", COLUMNS),
                        value("flow", "text"),
                        value("type", "text"),
                        String.join(", ", values));
    }

    private static String typeOf(String column) {
        return switch (column) {
            case "payload", "metadata" -> "jsonb";
            case "priority", "timeout", "unique_period", "delay" -> "double precision";
            case "run_at", "deadline" -> "timestamptz";
            case "id" -> "uuid";
            case "streaming" -> "boolean";
            case "max_crashes" -> "integer";
            default -> "text";
        };
    }

    /** An array of events for {@code append_many}. */
    private String batch() {
        return java.util.stream.IntStream.range(0, random.nextInt(4))
                .mapToObj(i -> event())
                .collect(Collectors.joining(", ", "jsonb_build_array(", ")"));
    }

    private String event() {
        List<String> pairs = new ArrayList<>(List.of("'payload'", value("payload", "jsonb")));
        if (random.nextBoolean()) {
            pairs.addAll(List.of("'flow'", value("flow", "text"), "'type'", value("type", "text")));
        }
        for (String column : COLUMNS.subList(1, COLUMNS.size())) {
            if (random.nextInt(6) == 0) {
                pairs.addAll(List.of(
                        "'" + column + "'",
                        random.nextInt(4) == 0 ? value("any", "text") : value(column, typeOf(column))));
            }
        }
        if (random.nextInt(50) == 0) {
            pairs.addAll(List.of("'stranger'", "1"));
        }
        return "jsonb_build_object(" + String.join(", ", pairs) + ")";
    }

    private String value(String name, String type) {
        if (random.nextInt(12) == 0) {
            return "null::" + type;
        }
        if (type.endsWith("[]")) {
            return array(name, type);
        }
        return "(" + expression(name, type) + ")::" + type;
    }

    private String array(String name, String type) {
        if (random.nextInt(8) == 0) {
            return pick("'{}'", "'{null}'", "'{{1,2},{3,4}}'", "'{'", "'[5:6]={1,2}'", "'{a,b}'") + "::" + type;
        }
        String element = type.substring(0, type.length() - 2);
        return java.util.stream.IntStream.range(0, 1 + random.nextInt(3))
                .mapToObj(i -> value(name, element))
                .collect(Collectors.joining(", ", "array[", "]::" + type));
    }

    private String expression(String name, String type) {
        return switch (type) {
            case "text" -> text(name);
            case "jsonb", "json" -> document();
            case "uuid" -> random.nextInt(10) == 0 ? pick("'x'", "''", "'{}'") : id();
            case "smallint", "integer", "bigint" -> random.nextInt(3) == 0 ? pick("1", "2", "3") : pick(INTEGERS);
            case "double precision", "numeric", "real" -> pick(DOUBLES);
            case "timestamp with time zone", "timestamptz" -> pick(TIMES);
            case "interval" -> pick(INTERVALS);
            case "boolean" -> pick("true", "false");
            default -> "null";
        };
    }

    private String text(String name) {
        int kind = random.nextInt(10);
        if (name.equals("flow") || name.equals("type")) {
            return kind < 8 ? quoted(NAMES) : pick(TEXTS);
        }
        if (name.equals("unique_key") && kind < 6) {
            return "'k" + random.nextInt(50) + "'";
        }
        return kind < 5 ? quoted(WORDS) : pick(TEXTS);
    }

    private String document() {
        int kind = random.nextInt(400);
        if (kind == 0) {
            return "to_jsonb(repeat('x', 1048577))";
        }
        return kind < 200 ? "'{\"order\": " + random.nextInt(1_000) + "}'" : pick(DOCUMENTS);
    }

    private String id() {
        return switch (random.nextInt(4)) {
            case 0 -> "'00000000-0000-7000-8000-00000000000" + random.nextInt(10) + "'";
            case 1 -> pick("'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'");
            case 2 -> "gen_random_uuid()";
            default -> "'" + ids.get(random.nextInt(ids.size())) + "'";
        };
    }

    private String quoted(String[] texts) {
        return "'" + pick(texts) + "'";
    }

    private String pick(String... some) {
        return some[random.nextInt(some.length)];
    }
}
