package dev.millrace.cli;

import dev.millrace.Append;
import dev.millrace.event.Terms;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.UUID;

/** What became of a line of a call file that is not blank. */
sealed interface CallLine {
    /** Counted from 1, blank lines too. */
    int number();

    /**
     * A line that can be appended.
     *
     * @param id of its event: the same flow, line number and content always make the same id
     * @param terms the priority and timeout it asks for
     */
    record Good(int number, UUID id, HttpCall call, Terms terms) implements CallLine {
        /** How to append it; {@code timeout} is for a line that does not say. */
        Append append(Duration timeout) {
            Duration limit = terms.timeout() == null ? timeout : terms.timeout();
            Append append = Append.timeout(limit).withId(id);
            return terms.priority() == null ? append : append.withPriority(terms.priority());
        }
    }

    /** A line that was refused; {@code reason} says why, safe to print. */
    record Bad(int number, String reason) implements CallLine {}

    /**
     * The id of the event that a line makes: the first 128 bits of a SHA-256 over all that makes the line what it is,
     * marked as a UUID of version 8.
     */
    static UUID idOf(String flow, int number, ByteBuffer content) {
        MessageDigest digest = sha256();
        digest.update(flow.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0); // names hold no NUL, so no two lines run together
        digest.update(Integer.toString(number).getBytes(StandardCharsets.US_ASCII));
        digest.update((byte) 0);
        digest.update(content);
        ByteBuffer hash = ByteBuffer.wrap(digest.digest());
        long high = (hash.getLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x8000L;
        long low = (hash.getLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low);
    }

    /** A fresh digest. */
    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JVM lacks SHA-256, which every JVM must have", e);
        }
    }
}
