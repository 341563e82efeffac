package dev.millrace.crash;

import dev.millrace.Millrace;
import dev.millrace.event.LateResult;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;

/** A process that works on the flow of {@link Job}s, and says on standard output what happens in it. */
final class WorkerMain {
    static final String URL = "MILLRACE_CRASH_TEST_URL";

    /** The exit code of a process that an event halted. */
    static final int HALTED = 99;

    private static final CountDownLatch GO = new CountDownLatch(1);

    private WorkerMain() {}

    /** Arguments: whether its handlers hold on until a byte comes in, the lease and the grace in milliseconds, events at once. */
    public static void main(String[] args) throws IOException {
        boolean holds = Boolean.parseBoolean(args[0]);
        Millrace millrace = Millrace.builder()
                .jdbcUrl(System.getenv(URL))
                .poolSize(3)
                .lease(Duration.ofMillis(Long.parseLong(args[1])))
                .shutdownGrace(Duration.ofMillis(Long.parseLong(args[2])))
                .onLateResult(WorkerMain::late)
                .connect();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            millrace.close();
            Runtime.getRuntime().halt(0);
        }));
        millrace.executor(Job.FLOW, Job.class)
                .concurrencyLimit(Integer.parseInt(args[3]))
                .pollInterval(Duration.ofMillis(50))
                .handler((job, run) -> {
                    say("started", run.id(), run.attempt());
                    if (job.kind() == Job.Kind.POISON) {
                        Runtime.getRuntime().halt(HALTED);
                    }
                    if (holds) {
                        hold(job.kind() == Job.Kind.DEAF);
                    }
                    return run.attempt();
                })
                .build()
                .execute();
        System.out.println("ready");
        while (System.in.read() >= 0) {
            GO.countDown();
        }
        Runtime.getRuntime().halt(1); // the test is gone
    }

    private static void hold(boolean deaf) throws InterruptedException {
        while (true) {
            try {
                GO.await();
                return;
            } catch (InterruptedException e) {
                if (!deaf) {
                    throw e;
                }
            }
        }
    }

    private static void late(LateResult late) {
        say("late", late.event(), late.attempt());
    }

    private static void say(String word, UUID event, int attempt) {
        System.out.println(word + " " + event + " " + attempt);
        System.out.flush();
    }
}
