package dev.millrace.cli.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class WireTest {
    private static byte[] message(char letter, int body) {
        ByteBuffer buffer = ByteBuffer.allocate((letter == 0 ? 0 : 1) + 4 + body);
        if (letter != 0) {
            buffer.put((byte) letter);
        }
        return buffer.putInt(4 + body).array();
    }

    private static byte[] stream(byte[]... messages) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] message : messages) {
            out.writeBytes(message);
        }
        return out.toByteArray();
    }

    @Test
    void feed_wholeMessages_namesTheLast() {
        Wire wire = Wire.fromClient();
        byte[] startup = message((char) 0, 40);
        byte[] query = stream(message('P', 300), message('B', 70_000), message('E', 5), message('S', 0));

        assertThat(wire.feed(startup, startup.length)).isZero();
        assertThat(wire.feed(query, query.length)).isEqualTo('S');
    }

    @Test
    void feed_byteForByte_namesEachAtItsEnd() {
        Wire wire = Wire.fromServer();
        byte[] answer = stream(message('2', 0), message('C', 9), message('Z', 1));
        StringBuilder ends = new StringBuilder();

        for (byte next : answer) {
            int letter = wire.feed(new byte[] {next}, 1);
            if (letter != 0) {
                ends.append((char) letter);
            }
        }

        assertThat(ends).hasToString("2CZ");
    }

    @Test
    void feed_partOfAMessage_namesNothing() {
        Wire wire = Wire.fromServer();
        byte[] part = stream(message('Z', 1), new byte[] {'D', 0, 0});

        assertThat(wire.feed(part, part.length)).isZero();
    }
}
