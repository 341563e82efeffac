package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.Executor;
import dev.millrace.event.Event;
import dev.millrace.event.Execution;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of each line of a call file, a JSON object a line, in the lines' order. The file appears whole or not. */
final class ResultsFile {
    private ResultsFile() {}

    /** Refuses a place where the file could not be written, before any call is made. */
    static void checkWritable(Path out) {
        Path folder = folder(out);
        if (Files.isDirectory(out) || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw new BadInputException("--out " + out + " cannot be written: "
                    + (Files.isDirectory(out) ? "it is a folder" : folder + " is no folder that can be written to"));
        }
    }

    /** Writes it; each result is read from the database. */
    static void write(Path out, List<CallLine.Good> lines, Executor<HttpCall> executor) throws IOException {
        Path unfinished = Files.createTempFile(folder(out), "." + out.getFileName(), ".unfinished");
        try {
            try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE);
                    BufferedWriter writer = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8))) {
                for (CallLine.Good line : lines) {
                    writer.write(
                            result(line, executor.event(line.id()).orElse(null)).toString());
                    writer.write('\n');
                }
                writer.flush();
                channel.force(true);
            }
            Files.move(unfinished, out, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private static Path folder(Path out) {
        Path parent = out.toAbsolutePath().getParent();
        return parent == null ? out.toAbsolutePath() : parent;
    }

    private static ObjectNode result(CallLine.Good line, @Nullable Event<HttpCall> event) {
        ObjectNode result = JsonNodeFactory.instance.objectNode();
        result.put("line", line.number());
        result.put("id", line.id().toString());
        result.put("url", line.call().url());
        result.put("method", line.call().method());
        if (event == null) {
            return result.put("status", "removed"); // cleaned up by somebody since
        }
        Execution execution = event.execution();
        result.put("status", execution.status().wireName());
        result.put("attempts", execution.attempt());
        JsonNode answer = answer(execution);
        copy(answer, "status", result, "http_status");
        copy(answer, "contentType", result, "content_type");
        copy(answer, "body", result, "body");
        copy(answer, "truncated", result, "truncated");
        if (execution.duration() != null) {
            result.put("duration_s", execution.duration().toNanos() / 1e9);
        }
        JsonNode error = execution.error();
        result.put(
                "error",
                error == null || error.isNull() ? null : error.path("message").asText());
        return result;
    }

    /** The answer of a call that completed, and of one that failed by its status. */
    private static JsonNode answer(Execution execution) {
        if (execution.response() != null) {
            return execution.response();
        }
        return execution.error() == null
                ? JsonNodeFactory.instance.missingNode()
                : execution.error().path("details");
    }

    private static void copy(JsonNode from, String key, ObjectNode to, String name) {
        JsonNode value = from.get(key);
        if (value != null) {
            to.set(name, value);
        }
    }
}
