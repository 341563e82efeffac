package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Appending a stream that would not fit into the process's memory. {@code -Dmillrace.bulk=1000000} makes it that long. */
@PostgresTest
class BulkMemoryTest {
    private static final int NUMBER = Integer.getInteger("millrace.bulk", 250_000);
    private static final int CHARACTERS = 200;
    private static final String HEAP = "48m"; // their text alone is more

    private final TestDatabase database;

    @TempDir
    private Path folder;

    BulkMemoryTest(TestDatabase database) {
        this.database = database;
    }

    record Letter(int number, String text) {}

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    @Test
    @DisplayName("A stream is appended in constant memory, however long it is")
    void appendAll_ofAStreamLargerThanTheHeap_storesItAll() throws Exception {
        String said;
        try (ChildJvm appender =
                ChildJvm.start(folder, HEAP, Appender.class, database.jdbcUrl(), Integer.toString(NUMBER))) {
            said = appender.readAll();
            assertThat(appender.exitCode()).as(said).isZero();
        }

        System.out.println("BulkMemoryTest: " + said.lines().toList().getLast());
        assertThat(database.longValue("select count(*) from ready")).isEqualTo(NUMBER);
        assertThat(database.longValue("select sum(length(payload->>'text')) from event"))
                .isEqualTo((long) NUMBER * CHARACTERS);
        database.truncateAll();
    }

    /** The process that appends. */
    static final class Appender {
        private Appender() {}

        /** The arguments are the database's URL and how many to append. */
        public static void main(String[] arguments) {
            int number = Integer.parseInt(arguments[1]);
            try (Millrace millrace = Millrace.builder().jdbcUrl(arguments[0]).connect()) {
                Executor<Letter> letters =
                        millrace.executor("letters", Letter.class).build();
                long stored = letters.appendAll(IntStream.range(0, number).mapToObj(Appender::letter));
                System.out.printf("%d events, at most %d MiB of a heap of %s used%n", stored, peakMebibytes(), HEAP);
            }
        }

        private static Letter letter(int number) {
            String digits = Integer.toString(number);
            return new Letter(number, digits + "x".repeat(CHARACTERS - digits.length()));
        }

        private static long peakMebibytes() {
            return ManagementFactory.getMemoryPoolMXBeans().stream()
                            .filter(pool -> pool.getType() == MemoryType.HEAP)
                            .mapToLong(pool -> pool.getPeakUsage().getUsed())
                            .sum()
                    >> 20;
        }
    }
}
