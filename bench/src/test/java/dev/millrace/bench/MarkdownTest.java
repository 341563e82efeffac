package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MarkdownTest {
    private static final Map<String, String> COMMON = Map.of("command", "./millrace bench", "date", "2026-11-22");
    private static final List<Result> RESULTS = List.of(
            Result.of(
                    Case.DRAIN,
                    "sql",
                    List.of(new Pair(2_000, 1_000)),
                    Map.of("our_setup", "millrace: x", "their_setup", "sql: y")),
            Result.skipped(Case.DRAIN, "pg-boss", "there is no node"));

    @TempDir
    private Path folder;

    @Test
    void write_fileWithMarks_replacesOnlyWhatIsBetween() throws IOException {
        Path file = Files.writeString(
                folder.resolve("doc.md"), "before\n" + Markdown.BEGIN + "\nold\n" + Markdown.END + "\nafter\n");

        Markdown.write(file, RESULTS, COMMON);

        assertThat(Files.readString(file))
                .startsWith("before\n")
                .endsWith(Markdown.END + "\nafter\n")
                .contains("| drain | sql | 2,000 | 1,000 | events/s | **2.00** | 2.00 – 2.00 |")
                .contains("| drain | pg-boss | | | | | skipped: there is no node |")
                .contains("- millrace: x\n", "- sql: y\n", "./millrace bench")
                .doesNotContain("old");
    }

    @Test
    void write_newFile_isMade() throws IOException {
        Path file = folder.resolve("new.md");

        assertThat(Markdown.takes(file)).isTrue();
        Markdown.write(file, RESULTS, COMMON);

        assertThat(Files.readString(file)).startsWith(Markdown.BEGIN).contains("**2.00**");
    }

    @Test
    void write_fileWithoutMarks_isRefusedAndLeftAlone() throws IOException {
        Path file = Files.writeString(folder.resolve("doc.md"), "mine\n");

        assertThat(Markdown.takes(file)).isFalse();
        assertThatThrownBy(() -> Markdown.write(file, RESULTS, COMMON)).hasMessageContaining(Markdown.BEGIN);
        assertThat(Files.readString(file)).isEqualTo("mine\n");
    }
}
