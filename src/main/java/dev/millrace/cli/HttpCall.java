package dev.millrace.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP call to make: the payload of the events that {@code run} and {@code demo} append.
 *
 * @param url absolute, http or https
 * @param method in upper case, such as GET
 * @param headers by name; the names differ in more than case
 * @param body sent as UTF-8; null for none
 */
record HttpCall(
        String url,
        String method,
        Map<String, String> headers,
        @Nullable String body) {
    private static final Pattern METHOD = Pattern.compile("[A-Z][A-Z0-9!#$%&'*+.^_`|~-]{0,31}");

    /** Copies the headers; ones that are absent in stored data are none. */
    @SuppressWarnings("NullAway") // stored data may lack them
    HttpCall {
        Map<String, String> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        if (headers != null) {
            headers.forEach((name, value) -> {
                if (copy.put(name, value) != null) {
                    throw new IllegalArgumentException("header '" + Text.printable(name, 60) + "' is given twice");
                }
            });
        }
        headers = copy;
    }

    /** A GET of that address. */
    static HttpCall get(String url) {
        return new HttpCall(url, "GET", Map.of(), null);
    }

    /**
     * The request for the JDK's HTTP client.
     *
     * @throws IllegalArgumentException saying which part of the call cannot be sent, and why
     */
    HttpRequest request() {
        URI uri = uri();
        if (!METHOD.matcher(method).matches()) {
            throw new IllegalArgumentException(
                    "method must be a word in upper case such as GET, got '" + Text.printable(method, 40) + "'");
        }
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri);
        if (uri.getScheme().equalsIgnoreCase("http")) {
            builder.version(HttpClient.Version.HTTP_1_1); // or the client would offer to upgrade with every first call
        }
        builder.method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        headers.forEach(builder::header);
        return builder.build();
    }

    /** Method and address for a message, safe to print. */
    String label() {
        return method + " " + Text.printable(url, 200);
    }

    /** Without headers and body, which may be secret. */
    @Override
    public String toString() {
        return "HttpCall(" + label() + ")";
    }

    private URI uri() {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("url is not an address (" + e.getReason() + " at character "
                    + (e.getIndex() + 1) + "): " + Text.printable(url, 100));
        }
        String fault = fault(uri);
        if (fault != null) {
            throw new IllegalArgumentException(fault + ": " + Text.printable(url, 100));
        }
        return uri;
    }

    private @Nullable String fault(URI uri) {
        String scheme = uri.getScheme();
        if (scheme == null || !(scheme.equalsIgnoreCase("http") || scheme.equalsIgnoreCase("https"))) {
            return "url must begin with http:// or https://";
        }
        if (uri.getHost() == null) {
            return "url names no host";
        }
        if (uri.getRawUserInfo() != null) {
            // the client would not send it, and it would stand in every message
            return "url must not hold a user or a password; send an Authorization header";
        }
        if (uri.getPort() == 0 || uri.getPort() > 65_535) {
            return "url has a port that is not between 1 and 65535";
        }
        if (!url.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            return "url has characters outside ASCII; write them percent-encoded";
        }
        return null;
    }
}
