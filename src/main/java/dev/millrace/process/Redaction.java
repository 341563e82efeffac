package dev.millrace.process;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Json;
import dev.millrace.event.ValidationException;
import dev.millrace.store.StoredEvent;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Keeps an event's payload and metadata out of what is logged of it: the messages of exceptions are the application's, and often quote
 * what it handled. Each text of at least four characters and each number of at least four digits in them is replaced where it is
 * found. Of events with more than 64 Ki characters no message is logged at all: it would take too long. Control characters are
 * written out, but for tabs and line ends: what an exception quotes must not act on a terminal. Immutable and thread-safe.
 */
final class Redaction {
    static final String MARK = "[payload]";

    private static final Set<String> COMMON = Set.of("true", "false", "null");
    private static final int SHORTEST = 4;
    private static final int MOST_CHARACTERS = 64 << 10;
    private static final int MOST_MESSAGE = 4 << 10;

    private final List<String> secrets; // the longest first, since one may contain another
    private final boolean all;

    private Redaction(List<String> secrets, boolean all) {
        this.secrets = secrets;
        this.all = all;
    }

    static Redaction of(StoredEvent event) {
        if (event.isWithoutPayload()
                || event.payload().length() + event.metadata().length() > MOST_CHARACTERS) {
            return new Redaction(List.of(), true);
        }
        Set<String> secrets = new HashSet<>();
        try {
            collect(event.payload(), secrets);
            collect(event.metadata(), secrets);
        } catch (ValidationException e) {
            return new Redaction(List.of(), true); // nobody can read it, so nobody knows what is in it
        }
        List<String> longestFirst = secrets.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
        return new Redaction(longestFirst, false);
    }

    private static void collect(String json, Set<String> secrets) {
        Deque<JsonNode> open = new ArrayDeque<>(List.of(Json.parse(json)));
        while (!open.isEmpty()) {
            JsonNode next = open.pop();
            next.forEach(open::push);
            if (next.isValueNode() && next.asText().length() >= SHORTEST && !COMMON.contains(next.asText())) {
                secrets.add(next.asText());
                String text = next.toString(); // as JSON, with what is escaped in it
                secrets.add(next.isTextual() ? text.substring(1, text.length() - 1) : text);
            }
        }
    }

    /** The text with a mark in place of what must not be told, cut if it is long. */
    String in(String text) {
        if (all) {
            return "[not logged: the payload is large]";
        }
        String said = text;
        for (String secret : secrets) {
            if (said.length() >= secret.length()) {
                said = said.replace(secret, MARK);
            }
        }
        return visible(said.length() <= MOST_MESSAGE ? said : said.substring(0, MOST_MESSAGE) + "...");
    }

    /** The text with control characters, and what turns the direction of writing, as their numbers. */
    static String visible(String text) {
        if (text.chars().noneMatch(Redaction::acts)) {
            return text;
        }
        StringBuilder visible = new StringBuilder(text.length() + 16);
        text.chars().forEach(c -> {
            if (acts(c)) {
                visible.append("\\u%04X".formatted(c));
            } else {
                visible.append((char) c);
            }
        });
        return visible.toString();
    }

    private static boolean acts(int c) {
        boolean turns = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
        return turns || (Character.isISOControl(c) && c != '\n' && c != '\t');
    }
}
