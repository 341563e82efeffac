package dev.millrace.process;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says that an executor claims nothing because too many of its handlers do not end, once when that has lasted a second, and
 * when it is over. Confined to one thread.
 */
final class Stuck {
    private static final Logger log = LoggerFactory.getLogger(Stuck.class);
    private static final long LASTING_NANOS = TimeUnit.SECONDS.toNanos(1);

    private boolean stuck;
    private boolean told;
    private long sinceNanos;

    /** It is stuck now. */
    void tell(int leaked, int flow) {
        long now = System.nanoTime();
        if (!stuck) {
            stuck = true;
            sinceNanos = now;
        }
        if (!told && now - sinceNanos >= LASTING_NANOS) {
            told = true;
            log.error(
                    "flow={} leaked={} handlers go on although their events were ended and they were interrupted, as many as"
                            + " may run at once: claiming nothing until one ends",
                    flow,
                    leaked);
        }
    }

    /** It is not. */
    void over(int flow) {
        if (told) {
            log.info("flow={} a leaked handler has ended: claiming again", flow);
        }
        stuck = false;
        told = false;
    }
}
