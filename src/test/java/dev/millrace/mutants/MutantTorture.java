package dev.millrace.mutants;

import dev.millrace.cli.Main;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Tortures a mutant: the same command over the same class path, with the mutant before it. Run by hand, after a build, from
 * the project's folder:
 *
 * <pre>java -cp 'target/test-classes:target/classes:target/lib/*' dev.millrace.mutants.MutantTorture no-fence --seconds=60</pre>
 */
final class MutantTorture {
    private MutantTorture() {}

    /** The mutant's name, then what {@code millrace torture} takes. Ends as that does: with 1, if the mutant was caught. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path mutant = Mutant.of(args[0]).build(Files.createTempDirectory("millrace-mutant-"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                mutant + File.pathSeparator + System.getProperty("java.class.path"),
                Main.class.getName(),
                "torture"));
        command.addAll(List.of(args).subList(1, args.length));
        System.exit(new ProcessBuilder(command).inheritIO().start().waitFor());
    }
}
