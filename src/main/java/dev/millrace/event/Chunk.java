package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One piece of a streaming event's answer.
 *
 * @param attempt which claim of the event emitted it, from 1; each begins its stream afresh
 * @param index its place among that attempt's, from 0
 * @param value what was emitted; a JSON null for a null
 */
public record Chunk(int attempt, int index, JsonNode value) {}
