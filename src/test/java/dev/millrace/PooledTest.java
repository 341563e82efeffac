package dev.millrace;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import dev.millrace.postgres.DatabaseExtension;
import dev.millrace.postgres.NamedStatements;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PgBouncer;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Classes of the suite once more through a PgBouncer in transaction mode, chosen so that every statement is. The whole suite
 * is another command: see CONTRIBUTING.md.
 */
@PostgresTest
@NotPooled("it brings a pooler itself")
class PooledTest {
    private static final List<String> CLASSES = List.of(
            "ReturnedTest",
            "SqlSteeringTest",
            "SnapshotTest",
            "ProgressTest",
            "UserProgressionsTest",
            "UniqueManyTest",
            "StreamingTest",
            "SuspectsTest");

    /** Of large classes the part that sends what the others do not. */
    private static final List<String> METHODS = List.of(
            "FollowTest#follow_running_isLive",
            "RetryAllTest#retryAll_filters_narrow",
            "RetryAllTest#retryAll_boundedFlow_isFilled",
            "RetryAllTest#attempts_ofEveryKind_areInOrder",
            "FailuresTest#failed_sinceATime_isPagedNewestFirst",
            "FailuresTest#latest_ofAProgression_isTheOtherWayRound",
            "FailuresTest#unsuccessful_ofAMixedFlow_hasTimeouts",
            "ManyAtOnceTest#skipAll_filters_narrow",
            "ManyAtOnceTest#cancelAll_onTheMove_findsThem",
            "ManyAtOnceTest#cleanupEvents_olderThan_leavesTheYounger",
            "PauseTest#pause_again_staysAsItIs",
            "PauseTest#pause_meanwhile_timeGoesOn",
            "PauseTest#pause_ofOneFlow_leavesOthersAlone",
            "TransactionTest#transaction_thatCommits_settlesTheEventWithWhatItReturned",
            "TransactionTest#transaction_whoseCommitIsUnanswered_isFoundCommitted",
            "TransactionTest#transaction_whenTheClaimIsLost_writesNothingAndIsKeptAsLate",
            "store.FenceTest#rescue_ofAnExpiredWorker_queuesItsEventsAsSuspectsWithOneDeath",
            "store.FenceTest#renew_afterTheRescue_isRefused",
            "store.FenceTest#giveBack_afterAnotherWorkerCompletedTheEvent_isRefused",
            "store.FenceTest#addChunks_afterTheRescue_isRefused",
            "store.FenceTest#tellProgress_afterTheRescue_isRefused",
            "store.FenceTest#endedBefore_ownAnswerWhoseAcknowledgementWasLost_isFound",
            "PermissionFailureTest#failed_attempt_keepsTheError",
            "MaxCrashesTest#append_onEveryWay_keepsIt",
            "UndecodableTest#unreadable_afterARunElsewhere_isCountedAnew",
            "UndecodableTest#outOfMemory_inEachWorker_isAborted");

    /** What is not sent, and why. */
    private static final Map<String, String> NOT_SENT = Map.ofEntries(
            entry("planning", "goes along with others, under their names"),
            entry(
                    "take_back",
                    "only the command line takes back, from a process that it knows is gone: RunResumesTest"),
            entry("recount", "only the owner sends it, now and then: RecountTest"),
            entry("drop_flow", "likewise: FlowBoundsTest"),
            entry("payload", "for payloads that are too large to come along with a claim: LargePayloadsTest"),
            entry("payload_size", "likewise"),
            entry("worker_find", "for a renewal that found no row: FailoverTest, ForgottenTest"),
            entry("migration_lock", "for a migration whose lock somebody holds: MigrationLockTest"),
            entry("begin_read_committed", "for databases with other defaults: DatabaseSettingsTest"),
            entry("allow_writes", "for a migration of such a database, which goes around a pooler: DatabaseCheckTest"),
            entry("deny_writes", "likewise"),
            entry(
                    "append_by_function",
                    "for a login that may only append, with connections of its own: AppendOnlyTest"),
            entry("flow_asked", "likewise"),
            entry("schema_version_asked", "likewise"),
            entry("transaction_status", "likewise"),
            entry("oldest_library", "only a library that is older than its schema asks: DatabaseCheckTest"),
            entry("probe", "only a worker that listens sends it, and through a pooler none does"),
            entry("sleeper_declare", "likewise"),
            entry("sleeper_withdraw", "likewise"));

    @Test
    void suite_throughTransactionPooling_passesAndSendsEveryStatement(TestDatabase database) throws IOException {
        assumeTrue(
                PgBouncer.binary().isPresent(),
                "no pgbouncer on the PATH or in /usr/sbin (Debian: apt-get install pgbouncer)");

        TestExecutionSummary summary = run(database);

        assertThat(summary.getFailures())
                .extracting(failure -> failure.getTestIdentifier().getDisplayName() + ": " + failure.getException())
                .isEmpty();
        assertThat(summary.getTestsSucceededCount()).isPositive();
        Set<String> never = statements();
        never.removeAll(NamedStatements.seen());
        assertThat(never).isEqualTo(NOT_SENT.keySet());
    }

    private static TestExecutionSummary run(TestDatabase database) {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(Stream.concat(
                                                CLASSES.stream().map(name -> selectClass("dev.millrace." + name)),
                                                METHODS.stream().map(name -> selectMethod("dev.millrace." + name)))
                                        .toList())
                                .configurationParameters(DatabaseExtension.pooledOn(database))
                                .build(),
                        listener);
        return Objects.requireNonNull(listener.getSummary());
    }

    private static Set<String> statements() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/main/resources/dev/millrace/store"))) {
            Set<String> names = new TreeSet<>();
            files.forEach(file -> names.add(file.getFileName().toString().replace(".sql", "")));
            return names;
        }
    }
}
