package dev.millrace.bench.child;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A process that is measured. Reads one command a line, answers each with {@code ok …} or {@code error …}, and between
 * them says {@code handled N} whenever that number has grown. Ends when its input does.
 */
public final class ChildMain {
    /** The environment variable with the JDBC URL, which may hold a password. */
    public static final String URL = "MILLRACE_BENCH_URL";

    private static final long TELL_EVERY = TimeUnit.MILLISECONDS.toNanos(5);

    private static final long LEAVING = TimeUnit.SECONDS.toNanos(5);
    private static final String END = "";

    private final BlockingQueue<String> commands = new LinkedBlockingQueue<>();
    private final Engine engine;
    private final PrintStream out;
    private final Tally tally = new Tally();

    private ChildMain(Engine engine, PrintStream out) {
        this.engine = engine;
        this.out = out;
    }

    /** The argument is the contender's name. */
    public static void main(String[] args) throws Exception {
        String url = System.getenv(URL);
        if (args.length != 1 || url == null) {
            throw new IllegalArgumentException("only the benchmark starts this");
        }
        PrintStream out = System.out;
        System.setOut(System.err); // what a library prints is no answer
        try (Engine engine = engine(args[0], url)) {
            new ChildMain(engine, out).obey();
        }
        System.exit(0); // a peer's threads need not all be daemons
    }

    private static Engine engine(String name, String url) throws IOException {
        return switch (name) {
            case "millrace" -> new MillraceEngine(url);
            case "sql" -> new SqlEngine(url);
            case "db-scheduler" -> new DbSchedulerEngine(url);
            case "jobrunr" -> new JobRunrEngine(url);
            default -> throw new IllegalArgumentException("no contender '" + name + "'");
        };
    }

    /** What to say of a contender in the results. */
    public static String configuration(String name) {
        return switch (name) {
            case "millrace" -> MillraceEngine.configuration();
            case "sql" -> SqlEngine.configuration();
            case "db-scheduler" -> DbSchedulerEngine.configuration();
            case "jobrunr" -> JobRunrEngine.configuration();
            default -> throw new IllegalArgumentException("no contender '" + name + "'");
        };
    }

    private void obey() throws InterruptedException {
        Thread.ofPlatform().daemon().name("tell").start(this::tell);
        Thread.ofPlatform().daemon().name("hear").start(this::hear);
        for (String line = commands.take(); !line.equals(END); line = commands.take()) {
            String answer;
            try {
                answer = "ok" + execute(List.of(line.split(" ", -1)));
            } catch (Exception e) {
                e.printStackTrace();
                answer = "error " + String.valueOf(e).replace('\n', ' ');
            }
            say(answer);
        }
    }

    /** Hears the end also while a command is under way: whoever gave it is gone, so it does not matter any more. */
    private void hear() {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                commands.add(line);
            }
        } catch (IOException e) {
            System.err.println("the coordinator cannot be heard: " + e); // then it has ended as well
        }
        commands.add(END);
        LockSupport.parkNanos(LEAVING);
        Runtime.getRuntime().halt(1);
    }

    private void tell() {
        long told = 0;
        while (true) {
            LockSupport.parkNanos(TELL_EVERY);
            long handled = tally.handled();
            if (handled != told) {
                told = handled;
                say("handled " + handled);
            }
        }
    }

    private synchronized void say(String line) {
        out.println(line);
        out.flush();
    }

    private String execute(List<String> words) throws Exception {
        long began = System.nanoTime();
        switch (words.getFirst()) {
            case "install" -> engine.install();
            case "append" -> Appending.by(engine, number(words, 1), number(words, 2), fill(number(words, 3)));
            case "by" -> engine.append(Way.of(words.get(1)), number(words, 2), number(words, 3));
            case "bulk" -> engine.bulk(number(words, 1), number(words, 2), fill(number(words, 3)));
            case "arm" -> {
                tally.reset(words.get(1).equals("keep"));
                engine.arm(new Engine.Handling(tally, fill(number(words, 2))));
            }
            case "go" -> engine.go();
            case "halt" -> engine.halt();
            case "ping" -> {
                return Appending.paced(engine, number(words, 1), number(words, 2));
            }
            case "starts" -> {
                return tally.starts();
            }
            case "handled" -> {
                return " " + tally.handled();
            }
            case "heap" -> {
                return " " + Heap.peakBytes();
            }
            default -> throw new IllegalArgumentException("no command '" + words.getFirst() + "'");
        }
        return " " + (System.nanoTime() - began);
    }

    private static int number(List<String> words, int index) {
        return Integer.parseInt(words.get(index));
    }

    private static String fill(int bytes) {
        return "x".repeat(bytes);
    }
}
