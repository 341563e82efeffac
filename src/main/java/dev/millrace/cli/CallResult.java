package dev.millrace.cli;

import org.jspecify.annotations.Nullable;

/**
 * The answer to a call that did not fail: the response of a completed event.
 *
 * @param status the HTTP status, below 400
 * @param contentType as the server said; null if it did not
 * @param body as text, at most up to the cap
 * @param truncated whether the body was longer than the cap
 */
record CallResult(int status, @Nullable String contentType, String body, boolean truncated) {}
