package dev.millrace.mutants;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/**
 * A change to one file of the product, which says {@code before} exactly once.
 *
 * @param file below {@code dev/millrace}, a class or a statement
 */
record Edit(String file, String before, String after) {
    private static final Path CLASSES = Path.of("src/main/java");
    private static final Path STATEMENTS = Path.of("src/main/resources");
    private static final String PACKAGE = "dev/millrace";

    /** Makes the changed files in that folder, which can then stand before the product on a class path. */
    static void apply(Collection<Edit> edits, Path folder) throws IOException {
        List<String> sources = new ArrayList<>();
        for (Edit edit : edits) {
            Path changed = edit.apply(folder);
            if (edit.isClass()) {
                sources.add(changed.toString());
            }
        }
        if (!sources.isEmpty()) {
            compile(sources, folder);
        }
    }

    private boolean isClass() {
        return file.endsWith(".java");
    }

    private Path apply(Path folder) throws IOException {
        Path target = folder.resolve(PACKAGE).resolve(file);
        Path source = Files.exists(target) // changed once already
                ? target
                : (isClass() ? CLASSES : STATEMENTS).resolve(PACKAGE).resolve(file);
        String text = Files.readString(source);
        int at = text.indexOf(before);
        if (at < 0 || text.indexOf(before, at + 1) >= 0) {
            throw new IllegalStateException("the product's " + file + " must say this once: " + before);
        }
        Files.createDirectories(target.getParent());
        return Files.writeString(target, text.replace(before, after));
    }

    private static void compile(List<String> sources, Path folder) {
        List<String> arguments = new ArrayList<>(List.of(
                "-proc:none",
                "-nowarn",
                "-parameters",
                "-d",
                folder.toString(),
                "-cp",
                folder + File.pathSeparator + System.getProperty("java.class.path")));
        arguments.addAll(sources);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler.run(null, null, null, arguments.toArray(String[]::new)) != 0) {
            throw new IllegalStateException("the mutant does not compile: " + sources);
        }
    }
}
