package dev.millrace.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A process that is measured, as the coordinator sees it. Confined to one thread, but for what its reader notes. */
final class Child implements AutoCloseable {
    /** How long any one command may take; a million events by the slowest contender are not asked for. */
    private static final Duration PATIENCE = Duration.ofMinutes(15);

    private static final int LINES_OF_LOG = 15;

    private final String name;
    private final Process process;
    private final Path log;
    private final BufferedWriter commands;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private volatile long handled;

    private Child(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
        this.commands = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    }

    /** Starts one; what it writes to its standard error goes to that file. */
    static Child start(String name, ProcessBuilder builder, Path log) throws IOException {
        Process process = builder.redirectError(log.toFile()).start();
        Child child = new Child(name, process, log);
        Thread.ofPlatform().daemon().name("hear-" + name).start(child::hear);
        return child;
    }

    private void hear() {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.startsWith("handled ")) {
                    handled = Long.parseLong(line.substring("handled ".length()));
                } else {
                    answers.add(line);
                }
            }
        } catch (IOException e) {
            answers.add("error " + e.getMessage());
        }
        answers.add("error it has ended");
    }

    /** Gives a command and waits for its answer, the words after {@code ok}. */
    String ask(String command) throws IOException, InterruptedException {
        tell(command);
        return answer(command);
    }

    /** Gives a command whose answer is to be fetched with {@link #answer}. */
    void tell(String command) throws IOException {
        commands.write(command);
        commands.write('\n');
        commands.flush();
    }

    /** Waits for the answer to a command. */
    String answer(String command) throws IOException, InterruptedException {
        String answer = answers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (answer != null && answer.startsWith("ok")) {
            return answer.substring(2).strip();
        }
        throw new IOException("%s, told '%s', answered: %s%n%s"
                .formatted(name, command, answer == null ? "nothing in " + PATIENCE : answer, lastWords()));
    }

    /** How many events its handlers have started, as it last told. */
    long handled() {
        return handled;
    }

    /** Forgets that, before a new round. */
    void forget() {
        handled = 0;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** The CPU time it has used. */
    Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** The end of what it wrote to standard error. */
    String lastWords() throws IOException {
        List<String> lines = Files.readAllLines(log);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_OF_LOG), lines.size()));
    }

    @Override
    public void close() {
        try {
            commands.close(); // which ends it
        } catch (IOException e) {
            process.destroy(); // it has ended, or does not listen
        }
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
