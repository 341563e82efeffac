package dev.millrace.store;

import java.util.List;

/**
 * What one statement claimed.
 *
 * @param claims in the order they should start; empty when nothing was due that another worker was not taking
 * @param floor just below the first of them; {@link Floor#FRONT} if there are none
 */
public record Claimed(List<Claim> claims, Floor floor) {
    static final Claimed NOTHING = new Claimed(List.of(), Floor.FRONT);

    public Claimed {
        claims = List.copyOf(claims);
    }
}
