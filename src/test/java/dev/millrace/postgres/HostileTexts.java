package dev.millrace.postgres;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Texts that have broken programs like this one: as names, keys and values each must come back as it went in, or be refused
 * by name. Those that PostgreSQL cannot hold at all are among them.
 */
public final class HostileTexts {
    /** The seed of the random ones; say it when one of them fails. */
    public static final long SEED = 20_261_122L;

    private static final List<String> SQL = List.of(
            "'",
            "''",
            "'''",
            "\"",
            "\"\"",
            "`",
            ";",
            "--",
            "-- -",
            "/*",
            "*/",
            "/**/",
            "/* x */ y",
            "' --",
            "';--",
            "'; --",
            "');--",
            "'));--",
            "\";--",
            "\");--",
            "' or '1'='1",
            "' or 1=1 --",
            "\" or \"\"=\"",
            "x' and 1=(select count(*) from event) --",
            "'; drop table event; --",
            "'; drop table millrace.event cascade; --",
            "'; drop schema millrace cascade; --",
            "\"; drop schema millrace cascade; --",
            "millrace\".event; drop table millrace.ready; --",
            "'); delete from event; --",
            "'); truncate event; commit; --",
            "'||(select version())||'",
            "' union select null, null --",
            "'; create table owned(x int); --",
            "'; create role owned superuser; --",
            "'; alter role postgres password 'x'; --",
            "'; alter database postgres set search_path = evil; --",
            "'; create function f() returns int language sql as 'select 1'; --",
            "'; copy event to program 'id'; --",
            "'; select pg_sleep(10); --",
            "1; select pg_terminate_backend(pid) from pg_stat_activity",
            "'; do $$ begin execute 'drop table event'; end $$; --",
            "'; set role postgres; --",
            "'; begin; commit; --",
            "'; listen x; notify x; --",
            "\\'; drop table event; --",
            "\\\\'; drop table event; --",
            "\\",
            "\\\\",
            "\\'",
            "\\\"",
            "\\x00",
            "\\000",
            "\\u0000",
            "\\\\u0000",
            "\\u",
            "\\uD800",
            "\\n",
            "\\.",
            "E'\\''",
            "E'\\x27'",
            "U&'\\0027'",
            "U&\"\\0022\"",
            "$$",
            "$$; drop table event; $$",
            "$a$",
            "$body$ x $body$",
            "$1",
            "$1::text",
            "?",
            "??",
            "???",
            "? or 1=1",
            ":id",
            ":id::uuid",
            "::text",
            ":flow",
            "::",
            ":",
            "%s",
            "%n%s%d",
            "%1$s",
            "{call f()}",
            "{? = call f()}",
            "{fn now()}",
            "{d '2020-01-01'}",
            "{escape '\\'}",
            "{}",
            "{{}}",
            "{\"a\"}",
            "{a,b}",
            "{NULL}",
            "NULL",
            "null",
            "{\"",
            "}",
            ",",
            "a,b",
            "(1,2)",
            "(,)",
            "<x>",
            "<if(x)>",
            "#x",
            "#{x}",
            "${x}",
            "${flyway:defaultSchema}",
            "${jndi:ldap://127.0.0.1/x}",
            "@x",
            "@@version",
            "xp_cmdshell",
            "current_user",
            "default",
            "select",
            "table",
            "user",
            "event",
            "millrace",
            "millrace.event",
            "pg_catalog",
            "pg_temp",
            "public",
            "information_schema",
            "0x41",
            "1e400",
            "-1e400",
            "NaN",
            "Infinity",
            "-Infinity",
            "-0",
            "-0.0",
            "1_000",
            "9223372036854775808",
            "infinity",
            "epoch",
            "now",
            "today",
            "true",
            "t",
            "2026-02-30",
            "24:00:00",
            "00000000-0000-0000-0000-000000000000");

    private static final List<String> JSON = List.of(
            "{\"a\":1}",
            "[1,2]",
            "\"text\"",
            "{\"@class\":\"java.lang.Runtime\"}",
            "[\"java.util.ArrayList\",[]]",
            "@class",
            "@type",
            "class",
            "__proto__",
            "constructor",
            "$ref",
            "$.a",
            "a.b",
            "a[0]",
            "a['b']",
            "//comment",
            "{\"a\":",
            "\"",
            "\\\"",
            "</script><script>alert(1)</script>",
            "<!--",
            "<![CDATA[",
            "&lt;&#0;",
            "javascript:alert(1)",
            "<img src=x onerror=alert(1)>",
            "../../etc/passwd",
            "..\\..\\boot.ini",
            "/dev/null",
            "file:///etc/passwd",
            "C:\\CON",
            "a/b",
            "`id`",
            "$(id)",
            "; id",
            "| id",
            "&& id",
            "=1+1",
            "@SUM(A1)",
            "+1",
            "-1",
            "*",
            "~",
            "!",
            "^",
            "%",
            "&",
            "=",
            "#",
            "pending",
            "Pending",
            "PROCESSING",
            "original",
            "root",
            "attempt",
            "http://127.0.0.1/%00",
            "%00",
            "%27",
            "&#39;",
            "+AACnAA-");

    private static final List<String> UNICODE = List.of(
            "é",
            "e\u0301",
            "\u0301",
            "ß",
            "ẞ",
            "İ",
            "ı",
            "ﬀ",
            "Å",
            "\u212B",
            "ſ",
            "K",
            "Ω",
            "日本語",
            "한국어",
            "ไทย",
            "עברית",
            "العربية",
            "क्षि",
            "क्\u200Dष",
            "z̷̡̛a̴͠l̵g̶o̸",
            "\u2019",
            "\u02BC",
            "\uFF07",
            "\uFF02",
            "\uFF1B",
            "\u037E",
            "\uFF0D\uFF0D",
            "\uFE63",
            "\u2032; drop table event",
            "\u0130\u0131",
            "раураl",
            "\u200B",
            "a\u200Bb",
            "\u200C",
            "\u200D",
            "\u200Ea",
            "a\u200F",
            "\u202A",
            "\u202Ba",
            "a\u202C",
            "\u202Dabc",
            "\u202Egnp.exe",
            "\u2066x\u2069",
            "\u2067",
            "\u2068",
            "\u061C",
            "\u00AD",
            "a\u00ADb",
            "\uFEFF",
            "\uFEFFa",
            "\uFFFD",
            "\uFFFE",
            "\uFFFF",
            "\uFDD0",
            "\uD83F\uDFFE",
            "\uDBFF\uDFFF",
            "\uE000",
            "\uDB80\uDC00",
            "\u0378",
            "\u2028",
            "a\u2029b",
            "\u0085",
            "\u00A0",
            "a\u00A0b",
            "\u3000",
            "a\u3000b",
            "\u2003a",
            "\u1680",
            "\u180E",
            "😀",
            "👩\u200D👩\u200D👧\u200D👦",
            "🏳\uFE0F\u200D🌈",
            "🇩🇪",
            "👍🏽",
            "#️⃣",
            "𝕏",
            "𐀀",
            "\uD83D",
            "\uDE00",
            "a\uD83D",
            "\uDE00a",
            "\uDE00\uD83D",
            "\uD83D\uD83D\uDE00",
            "\uD83D\uDE00\uDE00",
            "\uD800\u0000",
            "a\u0000b",
            "\u0000'; drop table event; --",
            "caf\u00C3\u00A9");

    private static final List<String> BLANK = List.of(
            "",
            " ",
            "  ",
            "\t",
            "\n",
            "\r\n",
            "\r",
            " a",
            "a ",
            "a b",
            "a\tb",
            "a\nb",
            "a\r\nb",
            "\u000B",
            "\f",
            "\u001B[31m",
            "\u001B]0;x\u0007",
            "\u009B31m",
            "a\b\b",
            "\u007F");

    private static final String ALPHABET =
            "ab'\"\\$;:?-/*{}[](),.%_ \t\n\u0000\u0001\u007F\u00A0\u00E9\u05D0\u0661\u200F\u202E\u2028\u3000\uD800\uDC00\uFFFF"
                    + "\uD83D\uDE00";

    private HostileTexts() {}

    /** All of them, each once: well over 300. */
    public static List<String> all() {
        Set<String> texts = new LinkedHashSet<>();
        Stream.of(SQL, JSON, UNICODE, BLANK).forEach(texts::addAll);
        IntStream.concat(IntStream.range(0, 0x20), IntStream.rangeClosed(0x7F, 0x9F))
                .mapToObj(control -> "a" + Character.toString(control) + "b")
                .forEach(texts::add);
        for (int bytes : new int[] {1, 2, 3, 62, 63, 64, 65, 127, 128, 199, 200, 201, 255, 256, 257, 1_000, 4_096}) {
            texts.add("x".repeat(bytes));
            texts.add("é".repeat(bytes / 2) + "y".repeat(bytes % 2));
            texts.add("😀".repeat(bytes / 4) + "z".repeat(bytes % 4));
            texts.add("x".repeat(bytes - 1) + "'");
        }
        texts.addAll(random(100));
        return List.copyOf(texts);
    }

    private static List<String> random(int number) {
        Random random = new Random(SEED);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = 1 + random.nextInt(12); length > 0; length--) {
                text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            texts.add(text.toString());
        }
        return texts;
    }

    /** Whether an application may give it as a key of metadata: Millrace itself writes three. */
    public static boolean isNote(String text) {
        return !List.of("original", "root", "attempt").contains(text);
    }

    /** Whether PostgreSQL can hold the text: no NUL, no surrogate without its other half. */
    public static boolean isStorable(String text) {
        return text.equals(storable(text));
    }

    /** The text with U+FFFD for each character that PostgreSQL cannot hold. */
    public static String storable(String text) {
        StringBuilder storable = new StringBuilder();
        text.codePoints()
                .map(c -> c == 0 || (c >= 0xD800 && c <= 0xDFFF) ? 0xFFFD : c)
                .forEach(storable::appendCodePoint);
        return storable.toString();
    }

    /** The text with nothing in it that could act on a terminal. */
    public static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        text.chars().forEach(c -> shown.append(c > 0x20 && c < 0x7F ? Character.toString(c) : "\\u%04X".formatted(c)));
        return shown.length() > 80 ? shown.substring(0, 80) + "... of " + text.length() : shown.toString();
    }
}
