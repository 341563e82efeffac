package dev.millrace.process;

import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.MillraceException;
import dev.millrace.store.Notifications;
import dev.millrace.store.Notifications.Heard;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
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
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final long FIRST_PAUSE_MILLIS = 200;
    private static final long LONGEST_PAUSE_MILLIS = 10_000;
    private static final long PAUSE_IN_VAIN_MILLIS = 60_000;

    /** So many notifications a second are acted on as they come. Every login of the database can send any number of them. */
    private static final int MOST_AT_ONCE = 250;

    /** With more, what has come in this time is acted on together: a flow's loop then is woken once for all of it. */
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(10);

    private static final String CANCEL = "cancel ";
    private static final String PAUSE = "pause ";
    private static final Pattern FLOW = Pattern.compile("[0-9]{1,10}");

    private final Notifications notifications;
    private final Alarms alarms;
    private final DutyLoop loop;
    private final AtomicLong connections = new AtomicLong();
    private volatile long hearing; // the number of the connection that hears; 0 while none does
    private int failures; // in a row; these are confined to the loop's thread
    private long probe;
    private boolean probeIsOut;
    private long probeNanos;
    private long heardNanos = System.nanoTime();
    private int heardSince; // heardNanos
    private boolean told;

    /** Whom it tells. */
    public interface Alarms {
        /** A flow, or {@link dev.millrace.store.Sleepers#SCHEDULE}, got something to do, as so many notifications say. */
        void alarm(int flow, int times);

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
            // from here on, stop() finds the connection to break
            return loop.isRunning() ? attend() : Duration.ZERO;
        } catch (ConfigurationException e) {
            return goDeaf(e, PAUSE_IN_VAIN_MILLIS);
        } catch (MillraceException e) {
            return goDeaf(e, LONGEST_PAUSE_MILLIS);
        }
    }

    /** Waits for notifications and acts on them. Returns how long to leave what comes next. */
    private Duration attend() {
        long now = System.nanoTime();
        Duration step = probeIsOut ? PROBE_PATIENCE : PROBE_INTERVAL;
        long left = probeNanos + step.toNanos() - now;
        List<Heard> heard = notifications.await(Duration.ofNanos(Math.max(0, left)));
        hear(heard);
        if (System.nanoTime() - probeNanos >= step.toNanos()) {
            if (probeIsOut) {
                notifications.close();
                throw new ConnectionException("a notification to itself did not arrive within " + PROBE_PATIENCE);
            }
            sendProbe();
        }
        return isTooMuch(heard.size()) ? BETWEEN_LOOKS : Duration.ZERO;
    }

    private boolean isTooMuch(int more) {
        long now = System.nanoTime();
        if (now - heardNanos > SECOND_NANOS) {
            heardNanos = now;
            heardSince = 0;
        }
        heardSince = Math.min(heardSince, MOST_AT_ONCE) + more;
        return heardSince > MOST_AT_ONCE;
    }

    private void sendProbe() {
        probe++;
        probeIsOut = true;
        notifications.probe(Long.toString(probe));
        probeNanos = System.nanoTime();
    }

    /** Acts on what was heard: once on what was said again and again. */
    private void hear(List<Heard> heard) {
        Map<Heard, Integer> times = new LinkedHashMap<>();
        heard.forEach(one -> times.merge(one, 1, Integer::sum));
        long strange = times.entrySet().stream()
                .filter(one -> !isUnderstood(one.getKey(), one.getValue()))
                .count();
        if (strange > 0) {
            log.debug("notifications={} are no wake-up, order or probe; ignored", strange); // somebody else's
        }
    }

    private boolean isUnderstood(Heard heard, int times) {
        return heard.own() ? isOwn(heard.text()) : isOfAFlow(heard.text(), times);
    }

    private boolean isOwn(String text) {
        if (text.startsWith(CANCEL)) {
            return isOrder(text.substring(CANCEL.length()));
        }
        boolean mine = text.equals(Long.toString(probe));
        if (mine) {
            probeIsOut = false;
            beginToHear();
        }
        return mine;
    }

    private boolean isOrder(String id) {
        try {
            alarms.cancelled(UUID.fromString(id));
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private boolean isOfAFlow(String text, int times) {
        boolean pause = text.startsWith(PAUSE);
        String number = pause ? text.substring(PAUSE.length()) : text;
        if (!FLOW.matcher(number).matches() || Long.parseLong(number) > Integer.MAX_VALUE) {
            return false;
        }
        int flow = Integer.parseInt(number);
        if (pause) {
            alarms.pauseChanged(flow);
        } else {
            alarms.alarm(flow, times);
        }
        return true;
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
