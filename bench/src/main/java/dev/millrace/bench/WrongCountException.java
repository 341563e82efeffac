package dev.millrace.bench;

/** Says that a contender did not do what it was measured at: the figures would be worthless. */
final class WrongCountException extends RuntimeException {
    private static final long serialVersionUID = 1;

    WrongCountException(String message) {
        super(message + "; this is no result");
    }
}
