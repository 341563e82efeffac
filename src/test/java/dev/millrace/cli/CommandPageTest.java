package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** docs/command-line.md has the commands and options that there are, and no others. */
class CommandPageTest {
    /** Of the source checkout, and not of the program. */
    private static final String BENCH = "bench";

    private static Set<String> found(String pattern, String text) {
        return Pattern.compile(pattern, Pattern.MULTILINE)
                .matcher(text)
                .results()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String page() throws IOException {
        return Files.readString(Path.of("docs/command-line.md"));
    }

    @Test
    @DisplayName("12.14 docs/command-line.md has every command")
    void page_commands_areThoseOfTheProgram() throws IOException {
        Set<String> there = new TreeSet<>(Main.commands().getSubcommands().keySet());
        there.add(BENCH);

        String commands = page().substring(0, page().indexOf("## Options"));
        assertThat(found("^\\| `([a-z-]+)[ `]", commands)).isEqualTo(there);
    }

    @Test
    @DisplayName("12.14 docs/command-line.md has every option at its command")
    void page_options_areThoseOfTheProgram() throws IOException {
        String options = page().substring(page().indexOf("## Options"), page().indexOf("## A file of calls"));
        for (CommandLine command : Main.commands().getSubcommands().values()) {
            String name = command.getCommandName();
            Set<String> there = command.getCommandSpec().options().stream()
                    .map(CommandLine.Model.OptionSpec::longestName)
                    .collect(Collectors.toCollection(TreeSet::new));
            String rows = options.lines()
                    .filter(row -> row.startsWith("| "))
                    .filter(row -> row.startsWith("| all |") || row.split("\\|", 3)[1].contains("`" + name + "`"))
                    .collect(Collectors.joining("\n"));

            assertThat(found("`(--[a-z-]+)", rows)).as(name).isEqualTo(there);
        }
    }

    @Test
    @DisplayName(
            "12.14 SECURITY.md says of the embedded PostgreSQL what LocalPostgresTest sees: it asks for a password")
    void securityPage_ofTheEmbeddedServer_saysThatItAsksForAPassword() throws IOException {
        assertThat(Files.readString(Path.of("SECURITY.md")))
                .contains("asks every client for a random password")
                .doesNotContain("trusts");
    }
}
