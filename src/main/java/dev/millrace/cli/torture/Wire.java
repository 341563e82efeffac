package dev.millrace.cli.torture;

/**
 * Finds the ends of messages in a stream of PostgreSQL's protocol: a letter, four bytes of length, the rest. A client's
 * first message has no letter. Confined to one thread.
 */
final class Wire {
    private static final int LENGTH_BYTES = 4;

    private boolean expectsLetter;
    private int letter;
    private int lengthBytes;
    private int length;
    private long left;

    private Wire(boolean expectsLetter) {
        this.expectsLetter = expectsLetter;
    }

    static Wire fromClient() {
        return new Wire(false);
    }

    static Wire fromServer() {
        return new Wire(true);
    }

    /**
     * Reads on.
     *
     * @return the letter of the message that ends just where these bytes end; 0 if none does or it had no letter
     */
    int feed(byte[] bytes, int count) {
        int ended = 0;
        int at = 0;
        while (at < count) {
            ended = 0;
            if (left > 0) {
                int step = (int) Math.min(left, count - at);
                left -= step;
                at += step;
                if (left == 0) {
                    ended = letter;
                }
            } else if (expectsLetter && letter == 0) {
                letter = bytes[at++] & 0xff;
                lengthBytes = 0;
                length = 0;
            } else {
                length = (length << 8) | (bytes[at++] & 0xff);
                if (++lengthBytes == LENGTH_BYTES) {
                    ended = begin();
                }
            }
            if (ended != 0 || (left == 0 && lengthBytes == LENGTH_BYTES)) {
                forget();
            }
        }
        return ended;
    }

    private int begin() {
        left = (long) length - LENGTH_BYTES;
        return left == 0 ? letter : 0;
    }

    private void forget() {
        expectsLetter = true;
        letter = 0;
        lengthBytes = 0;
        length = 0;
    }
}
