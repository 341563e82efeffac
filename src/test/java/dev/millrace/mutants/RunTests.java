package dev.millrace.mutants;

import java.util.Arrays;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs tests in a process of its own, whose class path may begin with a mutant, and prints how each ended. */
final class RunTests implements TestExecutionListener {
    static final String PASSED = "passed: ";
    static final String FAILED = "failed: ";

    /** Before the message of an assertion that did not hold; any other failure is not what a test is for. */
    static final String ASSERTION = "because of an assertion: ";

    private RunTests() {}

    /** The arguments are {@code class#method} each. Does not return. */
    public static void main(String[] args) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(args)
                        .map(DiscoverySelectors::selectMethod)
                        .toList())
                .build();
        LauncherFactory.create().execute(request, new RunTests());
        System.out.flush();
        Runtime.getRuntime().halt(0); // a mutant may have left threads that do not end
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        result.getThrowable().ifPresent(problem -> {
            System.out.println(FAILED + test.getDisplayName());
            System.out.println(problem instanceof AssertionError ? ASSERTION + problem.getMessage() : problem);
            problem.printStackTrace(System.out);
        });
        if (test.isTest() && result.getThrowable().isEmpty()) {
            System.out.println(PASSED + test.getDisplayName());
        }
    }
}
