package dev.millrace.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Serves the sample API until it is interrupted. */
@Command(
        name = "sample-api",
        description = "Serves a sample HTTP API on 127.0.0.1 until interrupted: some endpoints fail, some are slow, "
                + "GET /__stats tells how often each was called.",
        mixinStandardHelpOptions = true)
final class SampleApiCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "8080",
            description = "where to listen; 0 for any free port (default: ${DEFAULT-VALUE})")
    private int port;

    @Option(
            names = "--slow",
            paramLabel = "TIME",
            defaultValue = "10s",
            converter = DurationOption.class,
            description = "how long the slow endpoints take (default: ${DEFAULT-VALUE})")
    private Duration slow = Duration.ofSeconds(10);

    @Override
    public Integer call() throws Exception {
        if (port < 0 || port > 65_535) {
            throw new BadInputException("--port must be between 0 and 65535, got " + port);
        }
        try (SampleApi api = start();
                Interruption interruption = Interruption.listen()) {
            PrintWriter out = spec.commandLine().getOut();
            out.println(
                    "sample API at " + api.address() + " (counts at " + api.address() + "/__stats); Ctrl-C ends it");
            out.flush();
            interruption.await();
        }
        return 0;
    }

    private SampleApi start() throws IOException {
        try {
            return SampleApi.start(port, slow);
        } catch (BindException e) {
            throw new BadInputException("port " + port + " is taken; choose another with --port, 0 for any");
        }
    }
}
