package dev.millrace.cli;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * How the sample API answers one request. {@code /ok/…} never fails, {@code /fail/…} always answers 500,
 * {@code /slow/…} always takes too long, {@code /flaky/…} answers 503 the first time and then well, and
 * {@code /status/404} answers that status. Of all other paths about 4 in 100 fail and 1 in 100 is too slow; which
 * ones, and how long the rest take, follows from a checksum of the path and query.
 *
 * @param latency how long the answer takes unless {@code slow}
 * @param slow whether it takes longer than a caller's patience
 */
record SampleRoute(int status, Duration latency, boolean slow) {
    private static final Pattern STATUS = Pattern.compile("/status/([2-5]\\d\\d)(?:[/?].*)?");
    private static final int FAILING_PERCENT = 4;
    private static final int SLOW_PERCENT = 1;
    private static final int FASTEST_MILLIS = 5;
    private static final int SPREAD_MILLIS = 36;

    /** The answer to the {@code count}-th request for {@code target}, a path with its query. */
    static SampleRoute of(String target, int count) {
        CRC32 checksum = new CRC32();
        checksum.update(target.getBytes(StandardCharsets.UTF_8));
        long number = checksum.getValue();
        Duration latency = Duration.ofMillis(FASTEST_MILLIS + number / 100 % SPREAD_MILLIS);
        Matcher status = STATUS.matcher(target);
        if (status.matches()) {
            return new SampleRoute(Integer.parseInt(status.group(1)), latency, false);
        }
        if (target.startsWith("/ok/")) {
            return new SampleRoute(200, latency, false);
        }
        if (target.startsWith("/flaky/")) {
            return new SampleRoute(count == 1 ? 503 : 200, latency, false);
        }
        long lot = number % 100;
        boolean fails = target.startsWith("/fail/") || lot < FAILING_PERCENT;
        boolean slow = target.startsWith("/slow/") || (!fails && lot >= 100 - SLOW_PERCENT);
        return new SampleRoute(fails ? 500 : 200, latency, slow);
    }
}
