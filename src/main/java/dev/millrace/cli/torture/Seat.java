package dev.millrace.cli.torture;

import dev.millrace.thread.Threads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A place in the fleet where there is always one process: when it ends, another takes its place, under a name of its own
 * and with a ledger of its own. Thread-safe; one fault at a time hits a seat.
 */
final class Seat implements AutoCloseable {
    /** After a process has ended, before the next one starts. */
    private static final long PAUSE_MILLIS = 50;

    private final String name;
    private final Settings settings;
    private final FaultProxy proxy;
    private final Starter starter;
    private final Consumer<Integer> whenEnded;
    private final Semaphore free = new Semaphore(1);
    private volatile @Nullable Jvm process;
    private volatile boolean closing;
    private int generation; // confined to the keeper's thread
    private @Nullable Thread keeper;

    /** Starts the process of a name. */
    @FunctionalInterface
    interface Starter {
        Jvm start(String name, int port) throws IOException;
    }

    /** @param whenEnded hears the exit code of each process that ended */
    Seat(String name, Settings settings, FaultProxy proxy, Starter starter, Consumer<Integer> whenEnded) {
        this.name = name;
        this.settings = settings;
        this.proxy = proxy;
        this.starter = starter;
        this.whenEnded = whenEnded;
    }

    static Seat worker(int number, Settings settings, Server server, FaultProxy proxy, Consumer<Integer> whenEnded) {
        List<String> arguments = workerArguments(settings);
        return new Seat(
                "worker-" + number,
                settings,
                proxy,
                (name, port) ->
                        Jvm.start(settings, url(server, port) + "&ApplicationName=" + name, "worker", name, arguments),
                whenEnded);
    }

    static Seat appender(Settings settings, Server server, FaultProxy proxy, Consumer<Integer> whenEnded) {
        return new Seat(
                "appender",
                settings,
                proxy,
                (name, port) -> Jvm.start(
                        settings,
                        url(server, port),
                        "appender",
                        name,
                        List.of(
                                settings.profile().wireName(),
                                Long.toString(Settings.LEASE.toMillis()),
                                Long.toString(settings.seed() + name.hashCode()))),
                whenEnded);
    }

    /** Arguments of a worker. */
    static List<String> workerArguments(Settings settings) {
        return List.of(
                Long.toString(Settings.LEASE.toMillis()),
                Integer.toString(settings.profile().concurrency()));
    }

    /** Unencrypted, so that the proxy can read it. */
    private static String url(Server server, int port) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + server.path() + "&sslmode=disable&gssEncMode=disable";
    }

    void start() {
        keeper = Threads.startVirtual(name, this::keep);
    }

    private void keep() {
        try {
            while (!closing) {
                Jvm next = starter.start(name + "-" + ++generation, proxy.port());
                process = next;
                if (closing) {
                    next.kill(); // it came too late
                }
                whenEnded.accept(next.exitCode());
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + name + " in " + settings.folder(), e);
        }
    }

    FaultProxy proxy() {
        return proxy;
    }

    /** The process that is there now; null before the first. */
    @Nullable
    Jvm process() {
        return process;
    }

    /** Takes the seat for one fault, unless another has it. */
    boolean tryTake() {
        return free.tryAcquire();
    }

    void giveFree() {
        free.release();
    }

    void awaitFree() throws InterruptedException {
        free.acquire();
        free.release();
    }

    /** Asks the process to end, starts no other, and waits; one that does not end in time is killed. */
    boolean end(long patienceMillis) throws IOException, InterruptedException {
        closing = true;
        Jvm last = process;
        if (last == null) {
            return true;
        }
        last.terminate();
        boolean ended = last.awaitEnd(patienceMillis);
        close();
        return ended;
    }

    /** No process takes the place of the one that is there. */
    void startNoOther() {
        closing = true;
    }

    @Override
    public void close() {
        closing = true;
        Jvm last = process;
        if (last != null) {
            last.kill();
        }
        Thread thread = keeper;
        if (thread != null) {
            thread.interrupt();
        }
    }
}
