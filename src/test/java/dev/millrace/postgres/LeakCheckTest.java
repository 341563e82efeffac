package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** What the leak check finds, on databases of its own so that the check of this very class stays quiet. */
@NotPooled("about the tests themselves")
@PostgresTest
class LeakCheckTest {
    private static final Duration LIMIT = Duration.ofMillis(300);

    private final TestDatabase database;

    LeakCheckTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void end_afterAnOpenTransaction_namesConnectionAndStatement() throws SQLException {
        LeakCheck check = LeakCheck.begin(database, LIMIT, false);
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            connection.createStatement().execute("select 42");

            assertThat(check.end()).singleElement().asString().contains("idle in transaction", "select 42");
        }
    }

    @Test
    void end_afterABorrowedConnectionWasKept_namesThePool() throws SQLException {
        LeakCheck check = LeakCheck.begin(database, LIMIT, false);
        try (Connection kept = database.newPool(2).getConnection()) {
            assertThat(kept.isValid(1)).isTrue();

            assertThat(check.end()).singleElement().asString().contains("1 connection(s) borrowed", "test-pool");
        }
    }

    @Test
    void end_afterAPoolWasUsedProperly_findsNothingAndHasClosedIt() throws SQLException {
        LeakCheck check = LeakCheck.begin(database, LIMIT, false);
        var pool = database.newPool(1);
        try (Connection connection = pool.getConnection()) {
            assertThat(connection.isValid(1)).isTrue();
        }

        assertThat(check.end()).isEmpty();
        assertThat(pool.isClosed()).isTrue();
    }

    @Test
    void end_withAThreadOfTheLibraryAlive_namesIt() throws InterruptedException {
        LeakCheck check = LeakCheck.begin(database, LIMIT, false);
        CountDownLatch done = new CountDownLatch(1);
        Thread thread = Thread.ofPlatform().name("millrace-left-alone").start(() -> {
            try {
                done.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try {
            assertThat(check.end()).singleElement().asString().contains("millrace-left-alone");
        } finally {
            done.countDown();
            thread.join();
        }
    }

    @Test
    void end_withWhatWasThereBefore_findsNothing() throws SQLException {
        var pool = database.newPool(1);
        try (Connection before = pool.getConnection();
                Connection plain = database.connect()) {
            assertThat(before.isValid(1) && plain.isValid(1)).isTrue();

            assertThat(LeakCheck.begin(database, LIMIT, false).end()).isEmpty();
            assertThat(pool.isClosed()).isFalse();
        }
    }

    @Test
    @LeavesRunningRows
    void end_withARowInRunning_namesItUnlessThatIsMeant() {
        TestDatabase other = database.empty();
        other.execute("create schema millrace");
        other.execute("create table millrace.running (id uuid)");
        LeakCheck strict = LeakCheck.begin(other, LIMIT, false);
        LeakCheck lenient = LeakCheck.begin(other, LIMIT, true);

        other.execute("insert into millrace.running values ('00000000-0000-7000-8000-000000000001')");

        assertThat(strict.end()).singleElement().asString().contains("00000000-0000-7000-8000-000000000001");
        assertThat(lenient.end()).isEmpty();
    }

    @Test
    void extension_onATestThatLeaks_failsThatTestAlone() {
        var summary = runOnThisServer(Leaky.class);

        assertThat(summary.getTestsSucceededCount()).isEqualTo(1);
        assertThat(summary.getFailures()).singleElement().satisfies(failure -> {
            assertThat(failure.getTestIdentifier().getDisplayName()).startsWith("leaks");
            assertThat(failure.getException()).hasMessageContaining("the test left behind");
        });
    }

    /** Runs a class as JUnit would, with this run's server as an external one. */
    private TestExecutionSummary runOnThisServer(Class<?> testClass) {
        String before = System.getProperty(TestServer.EXTERNAL_URL, "");
        System.setProperty(TestServer.EXTERNAL_URL, database.directUrl());
        try {
            SummaryGeneratingListener listener = new SummaryGeneratingListener();
            LauncherFactory.create()
                    .execute(
                            LauncherDiscoveryRequestBuilder.request()
                                    .selectors(selectClass(testClass))
                                    .configurationParameter(DatabaseExtension.SETTLING, LIMIT.toString())
                                    .build(),
                            listener);
            return Objects.requireNonNull(listener.getSummary());
        } finally {
            System.setProperty(TestServer.EXTERNAL_URL, before);
        }
    }

    /** Not found by the build, which leaves nested classes out: run by the test above only. */
    @PostgresTest
    static class Leaky {
        /** Kept, because the driver closes a connection that nobody refers to any more. */
        private static final List<Connection> KEPT = new ArrayList<>();

        @AfterAll
        static void close() throws SQLException {
            for (Connection connection : KEPT) {
                connection.close();
            }
        }

        @Test
        void leaks(TestDatabase own) throws SQLException {
            KEPT.add(own.connect());
        }

        @Test
        void tidy(TestDatabase own) throws SQLException {
            try (Connection connection = own.connect()) {
                assertThat(connection.isValid(1)).isTrue();
            }
        }
    }
}
