package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressTest {
    private static final Terminal PIPE = new Terminal(false, true);
    private static final Terminal TERMINAL = new Terminal(true, true);
    private static final Terminal ASCII_TERMINAL = new Terminal(true, false);
    private static final Snapshot HALF = new Snapshot(
            Map.of(
                    EventStatus.PENDING, 960L,
                    EventStatus.PROCESSING, 40L,
                    EventStatus.COMPLETED, 940L,
                    EventStatus.FAILED, 50L,
                    EventStatus.CANCELLED, 10L),
            Duration.ofMillis(10_400),
            100);

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private long now;

    @Test
    void plain_ofASnapshot_isOneLineWithAllSeven() {
        assertThat(ProgressText.plain(HALF))
                .isEqualTo(" 10.4s  1,000 of 2,000 settled  pending=960 processing=40 completed=940 failed=50"
                        + " cancelled=10 skipped=0 aborted=0  100.0/s  ETA 10.0s");
    }

    @Test
    void drawn_onAWideTerminal_isABarAndTheSevenCounts() {
        assertThat(plain(HALF, 120))
                .containsExactly(
                        "[" + "#".repeat(30) + ".".repeat(30) + "]  50%  1,000/2,000  100.0/s  ETA 10.0s",
                        "pending 960  processing 40  completed 940  failed 50  cancelled 10  skipped 0  aborted 0");
    }

    @Test
    void drawn_onAnOrdinaryTerminal_shortensTheNames() {
        assertThat(plain(HALF, 80).get(1)).isEqualTo("pend 960  proc 40  comp 940  fail 50  canc 10  skip 0  abor 0");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 10, 20, 40, 60, 80, 100, 200})
    void drawn_atAnyWidth_fitsSoThatNothingWraps(int width) {
        assertThat(plain(HALF, width))
                .hasSize(2)
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(width));
    }

    @Test
    void drawn_ofCounts_coloursWhatHappenedAndDimsWhatDidNot() {
        assertThat(ProgressText.drawn(HALF, 120, TERMINAL).get(1))
                .contains("\u001b[31mfailed 50\u001b[0m", "\u001b[2mskipped 0\u001b[0m");
    }

    @Test
    void drawn_withNothingToDo_isDone() {
        Snapshot none = new Snapshot(Map.of(), Duration.ZERO, 0);

        assertThat(none.isDone()).isTrue();
        assertThat(ProgressText.drawn(none, 80, TERMINAL).getFirst()).contains("100%  0/0");
    }

    @Test
    void show_inAPipe_writesALineASecondAndTheLastAlways() {
        Progress progress = new Progress(err, PIPE, () -> now);

        for (int settled = 0; settled <= 30; settled++) {
            progress.show(Map.of(EventStatus.PENDING, 30L - settled, EventStatus.COMPLETED, (long) settled));
            now += Duration.ofMillis(100).toNanos();
        }

        List<String> lines = output().lines().toList();
        assertThat(lines).hasSize(4).allMatch(line -> line.contains("settled"));
        assertThat(lines.get(3)).contains("30 of 30 settled", "completed=30").doesNotContain("ETA");
        assertThat(output()).doesNotContain("\u001b");
    }

    @Test
    void show_onATerminal_drawsOverItself() {
        Progress progress = new Progress(err, TERMINAL, () -> now);

        progress.show(Map.of(EventStatus.PENDING, 2L));
        progress.show(Map.of(EventStatus.COMPLETED, 2L));

        assertThat(output())
                .startsWith("\r\u001b[K[")
                .containsOnlyOnce("\n\u001b[K\u001b[2A\r\u001b[K[")
                .endsWith("\n\u001b[K");
    }

    @Test
    void show_afterASlowStart_tellsThePaceOfTheLastSeconds() {
        Progress progress = new Progress(err, PIPE, () -> now);
        progress.show(Map.of(EventStatus.PENDING, 1000L));
        Snapshot last = null;
        for (int tenth = 1; tenth <= 200; tenth++) {
            now += Duration.ofMillis(100).toNanos();
            long settled = tenth <= 100 ? 0 : (tenth - 100) * 5L; // nothing for 10 s, then 50 a second
            last = progress.show(Map.of(EventStatus.PENDING, 1000 - settled, EventStatus.COMPLETED, settled));
        }

        assertThat(last.perSecond()).isEqualTo(50);
        assertThat(last.remaining()).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void percentile_byNearestRank_isOneOfTheValues() {
        Latencies latencies = new Latencies();
        for (int millis = 2000; millis >= 1; millis--) {
            latencies.add(Duration.ofMillis(millis));
        }

        assertThat(latencies.percentile(50)).isEqualTo(Duration.ofSeconds(1));
        assertThat(latencies.percentile(99)).isEqualTo(Duration.ofMillis(1980));
        assertThat(latencies.percentile(100)).isEqualTo(Duration.ofSeconds(2));
        assertThat(new Latencies().percentile(50)).isEqualTo(Duration.ZERO);
    }

    /** The two lines without their colours. */
    private static List<String> plain(Snapshot snapshot, int width) {
        return ProgressText.drawn(snapshot, width, ASCII_TERMINAL).stream()
                .map(line -> line.replaceAll("\u001b\\[\\d+m", ""))
                .toList();
    }

    private String output() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
