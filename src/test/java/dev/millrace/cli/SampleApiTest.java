package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleApiTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private SampleApi api;

    @BeforeEach
    void start() throws IOException {
        api = SampleApi.start(0, Duration.ofMillis(60));
    }

    @AfterEach
    void stop() {
        client.shutdownNow();
        client.close();
        api.close();
    }

    @ParameterizedTest
    @CsvSource({"/ok/1, 200", "/fail/1, 500", "/status/404, 404", "/status/204, 204", "/slow/1, 200"})
    void answer_forAPathThatSaysHow_isThat(String path, int status) throws Exception {
        assertThat(get(path).statusCode()).isEqualTo(status);
    }

    @Test
    void answer_ofASuccess_isJsonThatNamesTheCall() throws Exception {
        HttpResponse<String> answer = get("/ok/1?page=2");

        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(answer.body()).isEqualTo("{\"method\":\"GET\",\"target\":\"/ok/1?page=2\",\"ok\":true}");
    }

    @Test
    void answer_forAFlakyPath_failsTheFirstTimeOnly() throws Exception {
        assertThat(get("/flaky/1").statusCode()).isEqualTo(503);
        assertThat(get("/flaky/1").statusCode()).isEqualTo(200);
        assertThat(get("/flaky/2").statusCode()).isEqualTo(503);
    }

    @Test
    void stats_afterCalls_countsEachPath() throws Exception {
        get("/ok/1");
        get("/ok/1");
        get("/fail/1");

        assertThat(api.requests()).isEqualTo(Map.of("/ok/1", 2, "/fail/1", 1));
        assertThat(get("/__stats").body()).isEqualTo("{\"total\":3,\"requests\":{\"/fail/1\":1,\"/ok/1\":2}}");
    }

    @Test
    void route_ofManyPaths_failsForAFewAndIsSlowForFewer() {
        var routes = IntStream.range(0, 2000)
                .mapToObj(i -> SampleRoute.of("/users/" + i, 1))
                .toList();

        assertThat(routes).filteredOn(route -> route.status() == 500).hasSizeBetween(50, 110);
        assertThat(routes).filteredOn(SampleRoute::slow).hasSizeBetween(8, 40);
        assertThat(routes)
                .allMatch(route ->
                        route.latency().toMillis() >= 5 && route.latency().toMillis() <= 40);
        assertThat(IntStream.range(0, 2000).mapToObj(i -> SampleRoute.of("/users/" + i, 7)))
                .isEqualTo(routes);
    }

    @Test
    void start_onATakenPort_saysSo() {
        int port = URI.create(api.address()).getPort();

        assertThatThrownBy(() -> SampleApi.start(port, Duration.ofSeconds(1))).isInstanceOf(BindException.class);
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(api.address() + path)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
