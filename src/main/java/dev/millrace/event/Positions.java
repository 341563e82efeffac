package dev.millrace.event;

/** The model's arithmetic of positions in a sequence: a negative one counts from the end. Stateless. */
final class Positions {
    private Positions() {}

    /** The position counted from the front. It may still lie outside the sequence: that is for the caller to judge. */
    static int fromFront(int index, int size) {
        return index < 0 ? index + size : index;
    }

    /** The nearest position from 0 to {@code size}, both included: where an insertion or a slice may begin. */
    static int clamp(int index, int size) {
        return Math.clamp(fromFront(index, size), 0, size);
    }

    /** The end of the slice that begins at {@code from}, a clamped position: never before it. */
    static int clampEnd(int from, int to, int size) {
        return Math.max(from, clamp(to, size));
    }

    /**
     * The position counted from the front, of an element that is there.
     *
     * @throws IndexOutOfBoundsException if there is none, naming {@code what} kind of sequence it is
     */
    static int ofElement(int index, int size, String what) {
        int position = fromFront(index, size);
        if (position < 0 || position >= size) {
            throw new IndexOutOfBoundsException(
                    "Index %d out of range for %s of length %d".formatted(index, what, size));
        }
        return position;
    }
}
