package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Random values of the kinds that become JSON, ordinary and hostile, and a slow judge of whether jsonb can hold one that
 * shares no code with the library. For one thread.
 */
final class RandomJson {
    private static final List<String> PIECES = List.of(
            "a",
            "Z",
            "0",
            " ",
            "\"",
            "\\",
            "\\u0000",
            "/",
            "\n",
            "\u001B",
            "\u007F",
            "é",
            "ß",
            "\u2028",
            "日本",
            "\uD83D\uDE00",
            "\uDBFF\uDFFF",
            "\uFFFE",
            "\uFEFF",
            "\u202E",
            "null",
            "@class",
            "java.lang.Runtime",
            "';--");
    private static final List<String> HOSTILE_PIECES = List.of("\u0000", "\uD83D", "\uDE00", "\uDE00\uD83D", "\uDBFF");

    private final Random random;
    private final double hostility;

    /** {@code hostility} is the share of texts and numbers that jsonb cannot hold. */
    RandomJson(long seed, double hostility) {
        this.random = new Random(seed);
        this.hostility = hostility;
    }

    /** A seed, the same one for the whole run if the system property says so, and printed either way. */
    static long seed(Class<?> test) {
        long seed = Long.getLong("millrace.seed", System.nanoTime());
        System.out.println(test.getSimpleName() + " seed=" + seed + " (again with -Dmillrace.seed=" + seed + ")");
        return seed;
    }

    Random random() {
        return random;
    }

    Object value(int depth) {
        int kind = random.nextInt(depth <= 0 ? 6 : 8);
        return switch (kind) {
            case 0 -> random.nextBoolean();
            case 1, 2 -> text();
            case 3, 4 -> number();
            case 5 -> random.nextBoolean() ? Map.of() : List.of();
            case 6 -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    list.add(random.nextInt(8) == 0 ? null : value(depth - 1));
                }
                yield list;
            }
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    map.put(text(), random.nextInt(8) == 0 ? null : value(depth - 1));
                }
                yield map;
            }
        };
    }

    String text() {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(6); i > 0; i--) {
            text.append(pick(PIECES));
        }
        if (random.nextDouble() < hostility) {
            text.insert(random.nextInt(text.length() + 1), pick(HOSTILE_PIECES));
        }
        return random.nextInt(50) == 0 ? text.toString().repeat(500) : text.toString();
    }

    private Number number() {
        if (random.nextDouble() < hostility) {
            return switch (random.nextInt(6)) {
                case 0 -> Double.NaN;
                case 1 -> Double.NEGATIVE_INFINITY;
                case 2 -> Float.POSITIVE_INFINITY;
                case 3 -> BigInteger.TEN.pow(1_000 + random.nextInt(5)).negate();
                case 4 -> BigDecimal.ONE.scaleByPowerOfTen(1_000 + random.nextInt(200_000));
                default -> BigDecimal.ONE.movePointLeft(1_000 + random.nextInt(200_000));
            };
        }
        return switch (random.nextInt(9)) {
            case 0 -> random.nextInt();
            case 1 -> random.nextLong();
            case 2 -> {
                double any = Double.longBitsToDouble(random.nextLong());
                yield Double.isFinite(any) ? any : 0.5;
            }
            case 3 -> Double.MIN_VALUE * random.nextInt(10);
            case 4 -> random.nextFloat();
            case 5 -> new BigInteger(random.nextInt(3_300), random);
            case 6 -> BigInteger.TEN.pow(999).negate();
            case 7 -> new BigDecimal(new BigInteger(random.nextInt(300), random), random.nextInt(900));
            default -> new BigDecimal(new BigInteger(30, random), -random.nextInt(900));
        };
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    /** Whether jsonb can hold the value, found out without the library. */
    static boolean isStorable(Object value) {
        return switch (value) {
            case null -> true;
            case String text -> StandardCharsets.UTF_8.newEncoder().canEncode(text) && text.indexOf('\u0000') < 0;
            case Double number -> Double.isFinite(number);
            case Float number -> Float.isFinite(number);
            case BigInteger number -> number.abs().toString().length() <= 1_000;
            case BigDecimal number ->
                Math.abs((long) number.scale()) < 5_000
                        && number.abs().toPlainString().replace(".", "").length() <= 1_000;
            case List<?> list -> list.stream().allMatch(RandomJson::isStorable);
            case Map<?, ?> map ->
                map.entrySet().stream().allMatch(e -> isStorable(e.getKey()) && isStorable(e.getValue()));
            default -> true;
        };
    }

    /** Whether two trees hold the same, where the keys' order and a number's notation do not count. */
    static boolean same(JsonNode left, JsonNode right) {
        if (left.isNumber() && right.isNumber()) {
            return left.decimalValue().compareTo(right.decimalValue()) == 0;
        }
        if (left.isArray() && right.isArray() && left.size() == right.size()) {
            for (int i = 0; i < left.size(); i++) {
                if (!same(left.get(i), right.get(i))) {
                    return false;
                }
            }
            return true;
        }
        if (left instanceof ObjectNode one && right instanceof ObjectNode two && one.size() == two.size()) {
            return one.properties().stream()
                    .allMatch(e -> two.has(e.getKey()) && same(e.getValue(), two.get(e.getKey())));
        }
        return left.equals(right);
    }
}
