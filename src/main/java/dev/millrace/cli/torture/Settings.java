package dev.millrace.cli.torture;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What one torture run is.
 *
 * @param folder where everything of it is kept
 */
record Settings(long seconds, long seed, Profile profile, Path folder) {
    static final int WORKERS = 4;
    static final Duration LEASE = Duration.ofMillis(1_500);

    /** The product's default, which the run does not change. */
    static final int MAX_CRASHES = 3;

    /** Where an archive of the classes that its processes load may be. */
    Path classArchive() {
        return folder.resolve("classes.jsa");
    }

    /** How to do it again. */
    String command() {
        return "./millrace torture --seconds %d --seed %d --profile %s".formatted(seconds, seed, profile.wireName());
    }
}
