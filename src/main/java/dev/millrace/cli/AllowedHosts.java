package dev.millrace.cli;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * The hosts that may be called. Immutable and thread-safe.
 *
 * @param names in lower case; empty for all
 */
record AllowedHosts(Set<String> names) {
    /** Every host may be called. */
    static final AllowedHosts ALL = new AllowedHosts(Set.of());

    AllowedHosts {
        names = Set.copyOf(names);
    }

    /**
     * Those hosts, or all if none is named.
     *
     * @throws BadInputException for what is no name of a host, such as an address with a scheme or a port
     */
    static AllowedHosts of(List<String> hosts) {
        Set<String> names = new TreeSet<>();
        for (String host : hosts) {
            if (!host.matches("[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+]")) {
                throw new BadInputException(
                        "--allow-host takes the name of a host such as api.example.com, without scheme and"
                                + " port, got '" + Text.printable(host, 100) + "'");
            }
            names.add(host.toLowerCase(Locale.ROOT));
        }
        return new AllowedHosts(names);
    }

    /**
     * Refuses an address on another host.
     *
     * @throws IllegalArgumentException naming the host, safe to print
     */
    void check(URI address) {
        String host = String.valueOf(address.getHost());
        if (!names.isEmpty() && !names.contains(host.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException("host '" + Text.printable(host, 100)
                    + "' is not among those of --allow-host: " + String.join(", ", new TreeSet<>(names)));
        }
    }
}
