package dev.millrace.process;

import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.MillraceException;
import dev.millrace.store.Notifications;
import dev.millrace.store.Notifications.Heard;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears which flows got something to do, on a connection that does nothing else. That it hears at all is not believed but
 * tried: a probe goes through the pool to this listener when it has connected and every ten seconds after, which also keeps
 * a firewall from forgetting the connection. While no probe comes back it is deaf, and whoever relies on it polls; it
 * connects anew after a random part of a pause that doubles. Thread-safe.
 *
 * <pre>
 *   connecting ──listens──▶ trying ──probe heard──▶ hearing ──probe missing, connection lost──▶ deaf ──pause──▶ connecting
 * </pre>
 */
public final class Listener {
    private static final Logger log = LoggerFactory.getLogger(Listener.class);
    private static final Duration PROBE_INTERVAL = Duration.ofSeconds(10);
    private static final Duration PROBE_PATIENCE = Duration.ofSeconds(5);
    private static final long FIRST_PAUSE_MILLIS = 200;
    private static final long LONGEST_PAUSE_MILLIS = 10_000;
    private static final long PAUSE_IN_VAIN_MILLIS = 60_000;

    private static final String CANCEL = "cancel ";
    private static final String PAUSE = "pause ";

    private final Notifications notifications;
    private final Alarms alarms;
    private final DutyLoop loop;
    private final AtomicLong connections = new AtomicLong();
    private volatile long hearing; // the number of the connection that hears; 0 while none does
    private int failures; // in a row; these are confined to the loop's thread
    private long probe;
    private boolean probeIsOut;
    private long probeNanos;
    private boolean told;

    /** Whom it tells. */
    public interface Alarms {
        /** A flow, or {@link dev.millrace.store.Sleepers#SCHEDULE}, got something to do. */
        void alarm(int flow);

        /** An event was cancelled that a worker of this process held. */
        void cancelled(UUID event);

        /** A flow was paused or resumed. */
        void pauseChanged(int flow);

        /** It hears now, or not any more: look again, and judge anew how long to sleep. */
        void hearingChanged();
    }

    /** One that does not listen yet. */
    public Listener(Notifications notifications, Alarms alarms, Troubles troubles) {
        this.notifications = notifications;
        this.alarms = alarms;
        this.loop = new DutyLoop("listener", this::cycle, troubles, notifications::close);
    }

    /** The loop that listens. */
    public DutyLoop loop() {
        return loop;
    }

    /** Asks the loop to end, and ends its waiting; returns at once. */
    public void stop() {
        loop.stop();
        notifications.breakOff();
    }

    /** Zero while it is deaf; else a number that is another after each loss. */
    public long hearing() {
        return hearing;
    }

    private Duration cycle() {
        try {
            if (!notifications.isOpen()) {
                notifications.open();
                sendProbe();
            }
            if (loop.isRunning()) { // from here on, stop() finds the connection to break
                attend();
            }
            return Duration.ZERO;
        } catch (ConfigurationException e) {
            return goDeaf(e, PAUSE_IN_VAIN_MILLIS);
        } catch (MillraceException e) {
            return goDeaf(e, LONGEST_PAUSE_MILLIS);
        }
    }

    private void attend() {
        long now = System.nanoTime();
        Duration step = probeIsOut ? PROBE_PATIENCE : PROBE_INTERVAL;
        long left = probeNanos + step.toNanos() - now;
        List<Heard> heard = notifications.await(Duration.ofNanos(Math.max(0, left)));
        heard.forEach(this::hear);
        if (System.nanoTime() - probeNanos < step.toNanos()) {
            return;
        }
        if (probeIsOut) {
            notifications.close();
            throw new ConnectionException("a notification to itself did not arrive within " + PROBE_PATIENCE);
        }
        sendProbe();
    }

    private void sendProbe() {
        probe++;
        probeIsOut = true;
        notifications.probe(Long.toString(probe));
        probeNanos = System.nanoTime();
    }

    private void hear(Heard heard) {
        if (heard.own() && heard.text().startsWith(CANCEL)) {
            hearOrder(heard.text().substring(CANCEL.length()));
            return;
        }
        if (heard.own()) {
            if (heard.text().equals(Long.toString(probe))) {
                probeIsOut = false;
                beginToHear();
            }
            return;
        }
        try {
            if (heard.text().startsWith(PAUSE)) {
                alarms.pauseChanged(Integer.parseInt(heard.text().substring(PAUSE.length())));
            } else {
                alarms.alarm(Integer.parseInt(heard.text()));
            }
        } catch (NumberFormatException e) {
            log.debug("a notification that is no flow's number"); // somebody else's
        }
    }

    private void hearOrder(String id) {
        try {
            alarms.cancelled(UUID.fromString(id));
        } catch (IllegalArgumentException e) {
            log.debug("an order about no event's id"); // somebody else's
        }
    }

    private void beginToHear() {
        failures = 0;
        if (hearing == 0) {
            hearing = connections.incrementAndGet();
            if (told) {
                log.info("notifications arrive again");
                told = false;
            }
            alarms.hearingChanged();
        }
    }

    private Duration goDeaf(RuntimeException why, long longest) {
        notifications.close();
        deafen();
        if (!told && loop.isRunning()) {
            told = true;
            log.info("notifications do not arrive, polling instead: {}", why.getMessage());
        }
        long ceiling = Math.min(longest, FIRST_PAUSE_MILLIS << Math.min(failures, 20));
        failures++;
        return Duration.ofMillis(1 + ThreadLocalRandom.current().nextLong(ceiling));
    }

    private void deafen() {
        if (hearing != 0) {
            hearing = 0;
            alarms.hearingChanged();
        }
    }
}
