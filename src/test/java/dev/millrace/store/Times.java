package dev.millrace.store;

import dev.millrace.event.EventStatus;
import dev.millrace.store.Settlement.Ended;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** How long some statements take in a database that is full: medians, for people to read. Nothing is asserted about them. */
final class Times {
    private static final int CALLS = 20;
    private static final int BATCH = 100;

    private final double countsMillis;
    private final double claimMillis;
    private final double settleMillis;

    Times(Store store, UUID worker, Flood flood) {
        countsMillis = median(counts(store, flood));
        double[] claims = new double[CALLS];
        double[] settlements = new double[CALLS];
        for (int i = 0; i < CALLS; i++) {
            long begin = System.nanoTime();
            List<Claim> claimed = store.claims()
                    .claim(worker, flood.flow(), List.of(flood.lane()), BATCH, Floor.FRONT)
                    .claims();
            long middle = System.nanoTime();
            store.settlements()
                    .end(claimed.stream()
                            .map(claim -> new Ended(
                                    claim.hold(), EventStatus.COMPLETED, Duration.ofMillis(1), "{}", null, false))
                            .toList());
            claims[i] = (middle - begin) / 1e6;
            settlements[i] = (System.nanoTime() - middle) / 1e6;
        }
        claimMillis = median(claims);
        settleMillis = median(settlements);
    }

    private static double[] counts(Store store, Flood flood) {
        double[] millis = new double[CALLS];
        for (int i = 0; i < CALLS; i++) {
            long begin = System.nanoTime();
            store.counts().read(flood.flow());
            millis[i] = (System.nanoTime() - begin) / 1e6;
        }
        return millis;
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    @Override
    public String toString() {
        return "counts %.2f ms, claim of %d %.2f ms, its settlement %.2f ms"
                .formatted(countsMillis, BATCH, claimMillis, settleMillis);
    }
}
