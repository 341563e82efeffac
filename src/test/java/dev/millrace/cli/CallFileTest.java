package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CallFileTest {
    @TempDir
    private Path folder;

    @Test
    void read_ofAFullLine_hasEveryPart() throws IOException {
        CallLine.Good line = good("""
                {"url": "https://example.com/a?b=c", "method": "PATCH", "headers": {"X-Key": "v"}, "body": "text",\
                 "priority": 1.5, "timeout": "250ms"}""");

        assertThat(line.call().url()).isEqualTo("https://example.com/a?b=c");
        assertThat(line.call().method()).isEqualTo("PATCH");
        assertThat(line.call().headers()).containsExactly(Map.entry("X-Key", "v"));
        assertThat(line.call().body()).isEqualTo("text");
        assertThat(line.terms().priority()).isEqualTo(1.5);
        assertThat(line.terms().timeout()).isEqualTo(Duration.ofMillis(250));
    }

    @Test
    void read_ofAUrlAlone_isAGetWithoutWishes() throws IOException {
        CallLine.Good line = good("{\"url\": \"http://127.0.0.1:8080/users/1\"}");

        assertThat(line.call()).isEqualTo(HttpCall.get("http://127.0.0.1:8080/users/1"));
        assertThat(line.terms().priority()).isNull();
        assertThat(line.terms().timeout()).isNull();
    }

    @Test
    void read_ofAJsonBody_isAPostOfExactlyThoseNumbersAsJson() throws IOException {
        CallLine.Good line = good("""
                {"url": "http://h/", "body": {"n": 1.10, "big": 12345678901234567890.123456789, "s": "é"}}""");

        assertThat(line.call().method()).isEqualTo("POST");
        assertThat(line.call().headers()).containsEntry("content-type", "application/json");
        assertThat(line.call().body()).isEqualTo("{\"n\":1.10,\"big\":12345678901234567890.123456789,\"s\":\"é\"}");
    }

    @Test
    void read_ofABodyWithAContentTypeOfItsOwn_keepsThat() throws IOException {
        CallLine.Good line = good("""
                {"url": "http://h/", "headers": {"content-type": "application/x+json"}, "body": []}""");

        assertThat(line.call().headers()).containsExactly(Map.entry("content-type", "application/x+json"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            nonsense                                          | not JSON
            {"url": "http://h/"                               | not JSON
            {"url": "http://h/"} {}                           | not JSON
            {"url": "http://h/", "url": "http://i/"}          | Duplicate
            []                                                | must be a JSON object
            "http://h/"                                       | must be a JSON object
            {}                                                | has no url
            {"url": 7}                                        | url must be a string
            {"url": null}                                     | url must be a string
            {"url": ""}                                       | http:// or https://
            {"url": "/relative"}                              | http:// or https://
            {"url": "ftp://h/"}                               | http:// or https://
            {"url": "http:///path"}                           | names no host
            {"url": "http://a b/"}                            | not an address
            {"url": "http://h/\\u001b[2J"}                    | \\u001b[2J
            {"url": "http://user:secret@h/"}                  | Authorization
            {"url": "http://h:99999/"}                        | port
            {"url": "http://h/ü"}                             | percent-encoded
            {"url": "http://h/", "methud": "GET"}             | unknown key 'methud'; the keys are url, method
            {"url": "http://h/", "method": "get"}             | upper case
            {"url": "http://h/", "method": "GET /"}           | upper case
            {"url": "http://h/", "method": "GET\\r\\nX: y"}   | upper case
            {"url": "http://h/", "method": ["GET"]}           | method must be a string
            {"url": "http://h/", "headers": []}               | headers must be an object
            {"url": "http://h/", "headers": {"a": 1}}         | header 'a' must be a string
            {"url": "http://h/", "headers": {"a": "1", "A": "2"}} | header 'A' is given twice
            {"url": "http://h/", "headers": {"a b": "1"}}     | invalid header name
            {"url": "http://h/", "headers": {"a": "1\\r\\nb: 2"}} | invalid header value
            {"url": "http://h/", "headers": {"Host": "x"}}    | restricted header name
            {"url": "http://h/", "body": 7}                   | body must be
            {"url": "http://h/", "body": true}                | body must be
            {"url": "http://h/", "body": "a\\u0000b"}         | NUL
            {"url": "http://h/", "body": "\\ud800"}           | half a character
            {"url": "http://h/", "body": {"k": "\\ud800"}}    | half a character
            {"url": "http://h/", "body": {"k\\udc00": 1}}     | not JSON
            {"url": "http://h/", "priority": "1"}             | priority must be a number
            {"url": "http://h/", "priority": 1e999}           | finite
            {"url": "http://h/", "priority": NaN}             | not JSON
            {"url": "http://h/", "timeout": 0}                | positive
            {"url": "http://h/", "timeout": -1}               | positive
            {"url": "http://h/", "timeout": 1e999}            | finite
            {"url": "http://h/", "timeout": "soon"}           | timeout 'soon' is not a length of time
            {"url": "http://h/", "timeout": [5]}              | timeout must be
            """)
    void read_ofAWrongLine_saysWhichAndWhy(String line, String reason) throws IOException {
        List<CallLine> lines = read("{\"url\": \"http://h/\"}\n" + line + "\n{\"url\": \"http://h/\"}\n");

        assertThat(lines).hasSize(3);
        assertThat(lines.get(1)).isInstanceOfSatisfying(CallLine.Bad.class, bad -> {
            assertThat(bad.number()).isEqualTo(2);
            assertThat(bad.reason()).contains(reason).doesNotContainPattern("\\p{Cntrl}");
        });
        assertThat(lines.get(2)).isInstanceOf(CallLine.Good.class);
    }

    @Test
    void read_withBlankLinesAndDosEndings_countsEveryLine() throws IOException {
        List<CallLine> lines = read("\n  \t\r\n{\"url\": \"http://h/\"}\r\n\r\n{\"url\": \"http://h/\"}");

        assertThat(lines).extracting(CallLine::number).containsExactly(3, 5);
        assertThat(lines).allMatch(CallLine.Good.class::isInstance);
    }

    @Test
    void read_ofWhatIsNotUtf8_namesTheByteInLineAndFile() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes("{\"url\": \"http://h/\"}\n".getBytes(StandardCharsets.UTF_8));
        bytes.writeBytes("{\"url\": \"http://h/\", \"body\": \"\u00ff\"}".getBytes(StandardCharsets.ISO_8859_1));

        List<CallLine> lines = read(bytes.toByteArray());

        assertThat(lines.get(1))
                .isEqualTo(new CallLine.Bad(2, "not UTF-8 at byte 31 of the line (byte 52 of the file)"));
    }

    @Test
    void read_withAByteOrderMark_passesOverIt() throws IOException {
        assertThat(read("\ufeff{\"url\": \"http://h/\"}")).singleElement().isInstanceOf(CallLine.Good.class);
    }

    @Test
    void read_ofALineThatIsTooLong_refusesItAndGoesOn() throws IOException {
        String frame = "{\"url\": \"http://h/\", \"body\": \"%s\"}";
        int room = CallFile.LONGEST_LINE - frame.formatted("").length();

        List<CallLine> lines = read(String.join(
                "\r\n",
                frame.formatted("x".repeat(room)),
                frame.formatted("x".repeat(room + 1)),
                frame.formatted("x")));

        assertThat(lines.get(0)).isInstanceOf(CallLine.Good.class);
        assertThat(lines.get(1)).isEqualTo(new CallLine.Bad(2, "longer than 1000000 bytes"));
        assertThat(lines.get(2)).isInstanceOf(CallLine.Good.class);
    }

    @Test
    void read_ofDeepNesting_isRefusedWithoutHarm() throws IOException {
        String deep = "[".repeat(100_000) + "]".repeat(100_000);

        assertThat(read("{\"url\": \"http://h/\", \"body\": " + deep + "}"))
                .singleElement()
                .isInstanceOf(CallLine.Bad.class);
    }

    @Test
    void id_ofALine_dependsOnFlowNumberAndContentAlone() throws IOException {
        Path file = Files.writeString(
                folder.resolve("a.jsonl"),
                "{\"url\":\"http://h/\"}\n{\"url\":\"http://h/\"}\n{\"url\": \"http://h/\"}");
        Set<UUID> ids = new HashSet<>();

        ids.addAll(ids(file, "one"));
        ids.addAll(ids(file, "one"));
        ids.addAll(ids(file, "two"));

        assertThat(ids).hasSize(6).allSatisfy(id -> {
            assertThat(id.version()).isEqualTo(8);
            assertThat(id.variant()).isEqualTo(2);
        });
    }

    @Test
    void id_ofAKnownLine_neverChanges() throws IOException {
        // Changing this breaks the resuming of every file that is being run.
        assertThat(good("{\"url\":\"http://h/\"}").id()).hasToString(KNOWN_ID);
    }

    @Test
    void read_ofRandomBytes_endsWithEveryLineGoodOrRefused() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] valid = "{\"url\": \"http://h/\", \"headers\": {\"a\": \"b\"}, \"timeout\": \"5s\"}\n"
                .repeat(20)
                .getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = valid.clone();
            for (int change = 0; change < 10; change++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }

            List<CallLine> lines = read(bytes);

            assertThat(lines).as("seed %d round %d", seed, round).isNotEmpty();
        }
    }

    private static final String KNOWN_ID = "40fc0f05-d1c5-88d2-be74-c971bb300b51";

    private List<UUID> ids(Path file, String flow) throws IOException {
        try (CallFile calls = CallFile.open(file, flow)) {
            List<UUID> ids = new ArrayList<>();
            for (CallLine line = calls.next(); line != null; line = calls.next()) {
                ids.add(((CallLine.Good) line).id());
            }
            return ids;
        }
    }

    private CallLine.Good good(String line) throws IOException {
        List<CallLine> lines = read(line);
        assertThat(lines).singleElement().isInstanceOf(CallLine.Good.class);
        return (CallLine.Good) lines.getFirst();
    }

    private List<CallLine> read(String content) throws IOException {
        return read(content.getBytes(StandardCharsets.UTF_8));
    }

    private List<CallLine> read(byte[] content) throws IOException {
        Path file = Files.write(folder.resolve("calls.jsonl"), content);
        try (CallFile calls = CallFile.open(file, "flow")) {
            List<CallLine> lines = new ArrayList<>();
            for (CallLine line = calls.next(); line != null; line = calls.next()) {
                lines.add(line);
            }
            return lines;
        }
    }
}
