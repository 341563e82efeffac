package dev.millrace.cli;

/** What the user gave cannot be used: exit code 2. The message is meant for them. */
final class BadInputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadInputException(String message) {
        super(message);
    }
}
