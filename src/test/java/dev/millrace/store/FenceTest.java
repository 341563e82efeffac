package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.event.Terms;
import dev.millrace.event.UuidV7;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Hold;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Returned;
import dev.millrace.store.Settlement.Standing;
import dev.millrace.store.Workers.Registered;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Leases, the fence and the rescue as the database judges them, one statement at a time and two at once. */
@PostgresTest
@LeavesRunningRows
class FenceTest {
    private static final Duration LEASE = Duration.ofSeconds(10);
    private static final int MAX_CRASHES = 3;
    private static final String LOCK_WAITS = "select count(*) from pg_stat_activity"
            + " where datname = current_database() and wait_event_type = 'Lock'";

    private final TestDatabase database;
    private FaultyDataSource faults;
    private Store store;
    private UUID rescuer;
    private int flow;
    private int lane;

    FenceTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() {
        database.truncateAll();
        faults = new FaultyDataSource(database.newPool(8));
        store = new Store(
                new Database(faults, "millrace", Duration.ofSeconds(20)), Duration.ofSeconds(5), Duration.ofSeconds(5));
        flow = store.flows().open("fence").id();
        lane = store.flows().lanes(flow, List.of("task")).get("task");
        rescuer = steadyWorker();
    }

    @AfterEach
    void close() {
        store.workers().close();
    }

    @Test
    void rescue_ofAnExpiredWorker_queuesItsEventsAsSuspectsWithOneDeath() {
        UUID dead = worker();
        Claim claim = claimOne(dead);
        expire(dead);

        Rescued rescued = rescue();

        assertThat(rescued).isEqualTo(new Rescued(1, 1, 0));
        assertThat(database.query("select id, attempt, failures, deaths, lane from ready"))
                .isEqualTo(List.of(List.of(claim.id(), 1, 0, 1, -lane)));
        assertThat(database.query("select event, worker, attempt, reason from attempt"))
                .isEqualTo(List.of(List.of(claim.id(), dead, 1, "lost")));
        assertThat(store.workers().all()).extracting(Registered::id).containsExactly(rescuer);
    }

    @Test
    @DisplayName(
            "12.20 an event that says how many deaths it may see is aborted after so many, more or fewer than others")
    void rescue_ofEventsWithMaxCrashes_abortsEachAfterItsOwnNumber() {
        UUID patient = append(Terms.DEFAULT.withMaxCrashes(5));
        UUID other = append();
        UUID frail = append(Terms.DEFAULT.withMaxCrashes(1));

        List<Rescued> rescued = new ArrayList<>();
        List<String> statuses = new ArrayList<>();
        for (int death = 1; death <= 5; death++) {
            UUID dead = worker();
            for (UUID id : List.of(patient, other, frail)) {
                store.claims().claimOne(dead, flow, List.of(lane, -lane), id, false);
            }
            expire(dead);
            rescued.add(rescue());
            statuses.add(String.join(" ", whereIs(patient), whereIs(other), whereIs(frail)));
        }

        assertThat(rescued)
                .containsExactly(
                        new Rescued(1, 3, 1),
                        new Rescued(1, 2, 0),
                        new Rescued(1, 2, 1),
                        new Rescued(1, 1, 0),
                        new Rescued(1, 1, 1));
        assertThat(statuses)
                .containsExactly(
                        "pending pending aborted",
                        "pending pending aborted",
                        "pending aborted aborted",
                        "pending aborted aborted",
                        "aborted aborted aborted");
        assertThat(database.text("select error ->> 'message' from outcome where id = ?", patient))
                .contains("after 5 workers died");
        assertThat(database.longValue(
                        "select count(*) from outcome o join attempt a on a.event = o.id and a.attempt = o.attempt"
                                + " where a.finished_at = o.finished_at"))
                .as("one moment for the attempt that was lost and for the end that followed")
                .isEqualTo(3);
    }

    @Test
    @DisplayName("12.20 a worker that was asked to stop charges no death, also if it is killed before it can leave")
    void rescue_ofAWorkerThatWasAskedToStop_chargesNoDeath() {
        UUID innocent = append(Terms.DEFAULT.withMaxCrashes(1));
        UUID suspect = append();
        database.execute("update ready set deaths = 2, lane = -lane where id = ?", suspect);
        UUID stopping = worker();
        for (UUID id : List.of(innocent, suspect)) {
            store.claims().claimOne(stopping, flow, List.of(lane, -lane), id, false);
        }
        store.workers().renew(stopping, LEASE, true, true);
        store.workers().renew(stopping, LEASE, true, false); // once said, it stays said
        expire(stopping);

        assertThat(rescue()).isEqualTo(new Rescued(1, 2, 0));

        assertThat(database.query("select id, attempt, deaths, lane from ready order by deaths"))
                .isEqualTo(List.of(List.of(innocent, 1, 0, lane), List.of(suspect, 1, 2, -lane)));
        assertThat(database.query("select reason, count(*) from attempt group by 1"))
                .isEqualTo(List.of(List.of("lost", 2L)));
    }

    @Test
    void rescue_whileTheLeaseHolds_takesNothing() {
        claimOne(worker());

        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
        assertThat(database.longValue("select count(*) from running")).isOne();
    }

    @Test
    void rescue_byAWorkerThatHasNotBeenSteadyForALease_takesNothing() {
        UUID dead = worker();
        claimOne(dead);
        expire(dead);
        UUID fresh = worker();

        Rescued rescued = rescue(fresh);

        assertThat(rescued).isEqualTo(new Rescued(0, 0, 0));
        assertThat(rescue(UUID.randomUUID())).isEqualTo(new Rescued(0, 0, 0));
    }

    @Test
    @DisplayName(
            "A rescue that an outage held up is judged when it arrives: the rescuer's own lease has run out by then")
    void rescue_byAWorkerWhoseOwnLeaseRanOut_takesNothing() {
        UUID other = worker();
        claimOne(other);
        expire(other);
        expire(rescuer);

        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));

        store.workers().renew(rescuer, LEASE, true, false); // back from the outage, but only just
        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
    }

    @Test
    @DisplayName(
            "After an outage a little shorter than a lease, one that renewed just before it does not rob the others")
    void rescue_byAWorkerThatCouldNotRenewForHalfALease_takesNothing() {
        UUID other = worker();
        claimOne(other);
        expire(other); // it renewed some time before the outage, and shall be the first to renew after it
        database.execute(
                "update worker set heartbeat_at = now() - interval '8 seconds', expires_at = now() + interval '2 seconds'"
                        + " where id = ?",
                rescuer);

        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
    }

    @Test
    void renew_afterAGapOfMoreThanHalfALease_beginsTheSteadyTimeAnew() {
        database.execute(
                "update worker set heartbeat_at = now() - interval '2 seconds' where id = ?", rescuer); // time to spare
        store.workers().renew(rescuer, LEASE, true, false);
        assertThat(steadyFor(rescuer)).isGreaterThan(LEASE);

        database.execute("update worker set heartbeat_at = now() - interval '5.1 seconds' where id = ?", rescuer);
        store.workers().renew(rescuer, LEASE, true, false);
        assertThat(steadyFor(rescuer)).isLessThan(LEASE);
    }

    @Test
    @DisplayName("13.6 a renewal before the last one, since the clock was set back, begins the steady time anew")
    void renew_afterTheClockWasSetBack_beginsTheSteadyTimeAnew() {
        setClockBack(rescuer, "1 hour");
        store.workers().renew(rescuer, LEASE, true, false);

        assertThat(steadyFor(rescuer)).isBetween(Duration.ZERO, LEASE);
        assertThat(database.longValue("select count(*) from worker where heartbeat_at <= clock_timestamp()"))
                .isOne();
    }

    @Test
    @DisplayName("13.6 a rescuer whose own renewal lies in the future rescues nobody before it has renewed")
    void rescue_byAWorkerThatHasNotRenewedSinceTheClockWasSetBack_takesNothing() {
        UUID dead = worker();
        claimOne(dead);
        expire(dead);
        database.execute("update worker set heartbeat_at = now() + interval '1 hour' where id = ?", rescuer);

        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
    }

    @Test
    @DisplayName(
            "13.6 a worker that died before the clock was set back loses its events once the rescuer was steady for a lease")
    void rescue_ofARenewalInTheFuture_takesItOnceTheRescuerWasSteady() {
        UUID dead = worker();
        claimOne(dead);
        setClockBack(dead, "1 hour");
        database.execute("update worker set steady_since = now() - interval '9 seconds' where id = ?", rescuer);
        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
        database.execute("update worker set steady_since = now() - interval '11 seconds' where id = ?", rescuer);
        assertThat(store.workers().untilRescue(rescuer)).contains(Duration.ZERO);

        assertThat(rescue()).isEqualTo(new Rescued(1, 1, 0));
    }

    @Test
    @DisplayName("13.6 of a worker with a longer lease a renewal in the future is believed for that lease")
    void rescue_ofALongerLeaseInTheFuture_waitsForThatLease() {
        UUID slow = UUID.randomUUID();
        store.workers().register(new Registered(slow, "host", 1), "test", Duration.ofMinutes(5));
        claimOne(slow);
        setClockBack(slow, "1 hour");
        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0)); // steady for a minute
        database.execute("update worker set steady_since = now() - interval '6 minutes' where id = ?", rescuer);

        assertThat(rescue()).isEqualTo(new Rescued(1, 1, 0));
    }

    @Test
    @DisplayName("13.6 a small step back, which a rescuer may not notice, costs nobody its events")
    void rescue_ofARenewalALittleInTheFuture_takesNothing() {
        UUID alive = worker();
        claimOne(alive);
        setClockBack(alive, "4 seconds");

        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
    }

    /** As a clock that is set back leaves a row. */
    private void setClockBack(UUID worker, String by) {
        database.execute(
                "update worker set heartbeat_at = now() + interval '" + by + "', expires_at = now() + interval '" + by
                        + "' + (expires_at - heartbeat_at) where id = ?",
                worker);
    }

    @Test
    @DisplayName("A9 the renewal of a worker that was rescued changes nothing and says so")
    void renew_afterTheRescue_isRefused() {
        UUID dead = worker();
        expire(dead);
        rescue();

        assertThat(store.workers().renew(dead, LEASE, true, false)).isFalse();
        assertThat(store.workers().all()).extracting(Registered::id).containsExactly(rescuer);
    }

    @Test
    void renew_ofALeaseThatRanOutUnnoticed_bringsItBack() {
        UUID late = worker();
        claimOne(late);
        expire(late);

        assertThat(store.workers().renew(late, LEASE, true, false)).isTrue();
        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
    }

    @Test
    void rescue_whileTheRenewalIsUnderWay_leavesThatWorkerAlone() throws Exception {
        UUID late = worker();
        claimOne(late);
        expire(late);
        Hold renewal = faults.hold("worker_renew", Moment.BEFORE_COMMIT);
        CompletableFuture<Boolean> renewed = async(() -> store.workers().renew(late, LEASE, true, false));
        renewal.awaitReached();

        CompletableFuture<Rescued> rescued = async(this::rescue);
        awaitEndOrLockWait(rescued);
        renewal.release();

        assertThat(get(rescued)).isEqualTo(new Rescued(0, 0, 0));
        assertThat(get(renewed)).isTrue();
        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
    }

    @Test
    void renew_whileTheRescueIsUnderWay_waitsAndIsRefused() throws Exception {
        UUID dead = worker();
        expire(dead);
        Hold rescue = faults.hold("rescue", Moment.BEFORE_COMMIT);
        CompletableFuture<Rescued> rescued = async(this::rescue);
        rescue.awaitReached();
        CompletableFuture<Boolean> renewed = async(() -> store.workers().renew(dead, LEASE, true, false));
        awaitLockWait();

        rescue.release();

        assertThat(get(rescued).workers()).isOne();
        assertThat(get(renewed)).isFalse();
    }

    @Test
    @DisplayName("A10 a rescue that meets a settlement under way neither waits for it nor takes its event")
    void rescue_whileTheSettlementIsUnderWay_leavesTheEventSettled() throws Exception {
        UUID late = worker();
        Claim claim = claimOne(late);
        Claim other = claimOne(late);
        expire(late);
        Hold settle = faults.hold("settle", Moment.BEFORE_COMMIT);
        CompletableFuture<Set<UUID>> settled = async(() -> store.settlements().end(List.of(completed(claim))));
        settle.awaitReached();

        assertThat(rescue()).isEqualTo(new Rescued(1, 1, 0));
        settle.release();

        assertThat(get(settled)).containsExactly(claim.id());
        assertThat(whereIs(claim.id())).isEqualTo("completed");
        assertThat(whereIs(other.id())).isEqualTo("pending");
        assertThat(rescue()).isEqualTo(new Rescued(0, 0, 0));
    }

    @Test
    @DisplayName("A10 what a rescue left because its settlement was under way is found when that came to nothing")
    void rescue_afterTheSettlementWasBrokenOff_takesWhatIsLeft() throws Exception {
        UUID late = worker();
        Claim claim = claimOne(late);
        expire(late);
        try (Connection zombie = database.connect()) {
            zombie.setAutoCommit(false);
            try (PreparedStatement lock = zombie.prepareStatement("select from millrace.running for update")) {
                lock.execute();
            }
            assertThat(rescue()).isEqualTo(new Rescued(1, 0, 0));
            zombie.rollback();
        }

        assertThat(rescue()).isEqualTo(new Rescued(0, 1, 0));
        assertThat(whereIs(claim.id())).isEqualTo("pending");
    }

    @Test
    @DisplayName("A rescue that is held up on its way is judged again before it takes anything")
    void rescue_heldUpAfterItWasJudged_takesNothing() {
        UUID dead = worker();
        Claim claim = claimOne(dead);
        expire(dead);
        database.execute("create function millrace.hold_up() returns trigger language plpgsql as"
                + " 'begin perform pg_sleep_until(old.started_at); return old; end'");
        database.execute("create trigger hold_up before delete on millrace.worker for each row"
                + " execute function millrace.hold_up()");
        try {
            database.execute("update millrace.worker set started_at = (select heartbeat_at + interval '%d milliseconds'"
                            .formatted(LEASE.toMillis() / 2 + 10)
                    + " from millrace.worker where id = '" + rescuer + "') where id = '" + dead + "'");

            assertThat(rescue()).isEqualTo(new Rescued(1, 0, 0));
        } finally {
            database.execute("drop trigger hold_up on millrace.worker");
            database.execute("drop function millrace.hold_up()");
        }

        assertThat(whereIs(claim.id())).isEqualTo("processing");
        rescuer = steadyWorker();
        assertThat(rescue()).isEqualTo(new Rescued(0, 1, 0));
    }

    @Test
    void settle_whileTheRescueIsUnderWay_isRefused() throws Exception {
        UUID late = worker();
        Claim claim = claimOne(late);
        expire(late);
        Hold rescue = faults.hold("rescue", Moment.BEFORE_COMMIT);
        CompletableFuture<Rescued> rescued = async(this::rescue);
        rescue.awaitReached();
        CompletableFuture<Set<UUID>> settled = async(() -> store.settlements().end(List.of(completed(claim))));
        awaitLockWait();

        rescue.release();

        assertThat(get(rescued).events()).isOne();
        assertThat(get(settled)).isEmpty();
        assertThat(store.settlements().endedBefore(List.of(completed(claim)))).isEmpty();
        assertThat(whereIs(claim.id())).isEqualTo("pending");
    }

    @Test
    @DisplayName("A claim that commits after its worker was rescued is found by the next look")
    void rescue_ofAClaimThatCommittedAfterItsWorkerWasRescued_findsIt() throws Exception {
        UUID dead = worker();
        UUID event = append();
        Hold claim = faults.hold("claim", Moment.BEFORE_COMMIT);
        CompletableFuture<List<Claim>> claimed = async(() -> claim(dead, lane));
        claim.awaitReached();
        expire(dead);
        assertThat(rescue()).isEqualTo(new Rescued(1, 0, 0));
        claim.release();
        assertThat(get(claimed)).extracting(Claim::id).containsExactly(event);

        assertThat(rescue()).isEqualTo(new Rescued(0, 1, 0));
        assertThat(whereIs(event)).isEqualTo("pending");
    }

    @Test
    @DisplayName("A7 the settlement of a worker that lost its lease does not touch the newer claim's event")
    void settle_afterTheEventWasClaimedAgain_isRefused() {
        UUID zombie = worker();
        Claim stale = claimOne(zombie);
        expire(zombie);
        rescue();
        Claim fresh = claimSuspect(rescuer);

        assertThat(store.settlements().end(List.of(completed(stale)))).isEmpty();
        assertThat(store.settlements().endedBefore(List.of(completed(stale)))).isEmpty();
        assertThat(fresh.attempt()).isEqualTo(2);
        assertThat(whereIs(stale.id())).isEqualTo("processing");
        assertThat(store.settlements().end(List.of(completed(fresh)))).containsExactly(stale.id());
    }

    @Test
    @DisplayName(
            "A worker that holds a suspect gets no other, though it may not know of the one: its answer may have been lost")
    void claim_ofASuspectByAWorkerThatHoldsOne_takesNone() {
        int other = store.flows().lanes(flow, List.of("other")).get("other");
        UUID worker = worker();
        append();
        append();
        database.execute("update ready set deaths = 1, lane = -lane");
        Claim held = claimSuspect(worker);

        assertThat(claim(worker, -lane)).isEmpty();
        assertThat(claim(worker, -lane, -other)).isEmpty();
        append();
        assertThat(claim(worker, lane)).hasSize(1);
        assertThat(claim(rescuer, -lane, -other)).hasSize(1).doesNotContain(held);
    }

    @Test
    @DisplayName("The attempt's number is part of the fence: a worker may hold the same event again")
    void settle_ofAnEarlierClaimOfTheSameWorker_isRefused() {
        UUID worker = worker();
        Claim earlier = claimOne(worker);
        store.settlements().giveBack(List.of(retried(earlier)));
        Claim later = claim(worker, lane).getFirst();

        assertThat(store.settlements().end(List.of(completed(earlier)))).isEmpty();
        assertThat(store.settlements().giveBack(List.of(retried(earlier)))).isEmpty();
        assertThat(store.settlements().end(List.of(completed(later)))).containsExactly(earlier.id());
    }

    @Test
    @DisplayName("A8 the retry of a worker that lost its lease does not reopen what another one completed")
    void giveBack_afterAnotherWorkerCompletedTheEvent_isRefused() {
        UUID zombie = worker();
        Claim stale = claimOne(zombie);
        expire(zombie);
        rescue();
        store.settlements().end(List.of(completed(claimSuspect(rescuer))));

        assertThat(store.settlements().giveBack(List.of(retried(stale)))).isEmpty();
        assertThat(whereIs(stale.id())).isEqualTo("completed");
        assertThat(database.longValue("select count(*) from attempt")).isOne();
    }

    @Test
    void addChunks_afterTheRescue_isRefused() {
        UUID zombie = worker();
        Claim stale = claimOne(zombie);
        expire(zombie);
        rescue();
        claimSuspect(rescuer);

        assertThat(store.settlements().addChunks(List.of(new ChunkRow(stale.hold(), 0, "1"))))
                .isEmpty();
        assertThat(database.longValue("select count(*) from chunk")).isZero();
    }

    @Test
    void tellProgress_afterTheRescue_isRefused() {
        UUID zombie = worker();
        Claim stale = claimOne(zombie);
        expire(zombie);
        rescue();
        Claim later = claimSuspect(rescuer);

        assertThat(store.settlements()
                        .tellProgress(List.of(
                                new ProgressRow(stale.hold(), 0.9, "stale"),
                                new ProgressRow(later.hold(), 0.1, "early"),
                                new ProgressRow(later.hold(), 0.2, "mine"))))
                .containsExactly(later.id());
        assertThat(database.query("select attempt, fraction, message from progress"))
                .isEqualTo(List.of(List.of(later.attempt(), 0.2, "mine")));
    }

    @Test
    void endedBefore_ownAnswerWhoseAcknowledgementWasLost_isFound() {
        UUID worker = worker();
        Claim settled = claimOne(worker);
        Claim returned = claimOne(worker);
        store.settlements().end(List.of(completed(settled)));
        store.settlements().giveBack(List.of(retried(returned)));

        assertThat(store.settlements().end(List.of(completed(settled)))).isEmpty();
        assertThat(store.settlements().endedBefore(List.of(completed(settled), retried(returned))))
                .containsExactlyInAnyOrder(settled.id(), returned.id());
    }

    @Test
    @DisplayName(
            "What its own transaction settled is not lost, whatever its handler says after a commit of unknown fate")
    void endedBefore_anotherAnswerOfTheWorkerThatSettledIt_isFound() {
        Claim claim = claimOne(worker());
        store.settlements().end(List.of(completed(claim)));

        assertThat(store.settlements().giveBack(List.of(retried(claim)))).isEmpty();
        assertThat(store.settlements().endedBefore(List.of(retried(claim)))).containsExactly(claim.id());
    }

    @Test
    @DisplayName("What somebody cancelled was not ended by its worker, whatever that answers")
    void endedBefore_whenTheEventWasCancelled_isNotFound() {
        Claim claim = claimOne(worker());
        assertThat(store.settlements().cancel(flow, claim.id(), "{}")).isPresent();

        assertThat(store.settlements().endedBefore(List.of(completed(claim)))).isEmpty();
        assertThat(store.settlements().endedBefore(List.of(retried(claim)))).isEmpty();
    }

    @Test
    @DisplayName("An abort by the rescue, in the dead worker's name, is not that worker's own lost acknowledgement")
    void endedBefore_whenTheRescueAbortedTheEvent_isNotFound() {
        UUID dead = worker();
        Claim claim = claimOne(dead);
        database.execute("update running set deaths = 2");
        expire(dead);
        assertThat(rescue()).isEqualTo(new Rescued(1, 1, 1));
        assertThat(whereIs(claim.id())).isEqualTo("aborted");

        assertThat(store.settlements().endedBefore(List.of(completed(claim)))).isEmpty();
        Ended third = new Ended(claim.hold(), EventStatus.ABORTED, null, null, "{}", false); // after its third denial
        assertThat(store.settlements().endedBefore(List.of(third))).isEmpty();
    }

    @Test
    void rescue_twoAtOnce_takeEachWorkerOnce() throws Exception {
        UUID second = steadyWorker();
        UUID dead = worker();
        claimOne(dead);
        expire(dead);
        Hold hold = faults.hold("rescue", Moment.BEFORE_COMMIT);
        CompletableFuture<Rescued> one = async(this::rescue);
        hold.awaitReached();

        Rescued other = rescue(second);
        hold.release();

        assertThat(other).isEqualTo(new Rescued(0, 0, 0));
        assertThat(get(one)).isEqualTo(new Rescued(1, 1, 0));
        assertThat(database.query("select deaths from ready")).isEqualTo(List.of(List.of(1)));
    }

    private UUID append() {
        return append(Terms.DEFAULT);
    }

    private UUID append(Terms terms) {
        UUID id = UuidV7.next();
        store.appends().append(flow, List.of(new Draft(id, lane, "task", "{}", "{}", terms, null, null)), false);
        return id;
    }

    private List<Claim> claim(UUID worker, Integer... lanes) {
        return store.claims()
                .claim(worker, flow, List.of(lanes), 1, Floor.FRONT)
                .claims();
    }

    private Claim claimOne(UUID worker) {
        append();
        return claim(worker, lane).getFirst();
    }

    private Claim claimSuspect(UUID worker) {
        return claim(worker, -lane).getFirst();
    }

    private UUID worker() {
        UUID id = UUID.randomUUID();
        store.workers().register(new Registered(id, "host", 1), "test", LEASE);
        return id;
    }

    private UUID steadyWorker() {
        UUID id = worker();
        database.execute(
                "update worker set steady_since = now() - interval '1 minute', expires_at = now() + interval '1 hour'"
                        + " where id = ?",
                id);
        return id;
    }

    private void expire(UUID worker) {
        database.execute(
                "update worker set heartbeat_at = now() - interval '20 seconds', expires_at = now() - interval '1 second'"
                        + " where id = ?",
                worker);
    }

    /** How many workers were found dead, and how many events taken back, of which aborted. */
    private record Rescued(int workers, int events, long aborted) {}

    private Rescued rescue() {
        return rescue(rescuer);
    }

    private Rescued rescue(UUID by) {
        var done = store.workers().rescue(by, LEASE, MAX_CRASHES);
        return new Rescued(done.workers(), done.events().size(), done.aborted());
    }

    private Duration steadyFor(UUID worker) {
        return Duration.ofMillis(database.longValue(
                "select (extract(epoch from now() - steady_since) * 1000)::bigint from worker where id = ?", worker));
    }

    private String whereIs(UUID event) {
        return database.text("select status from event_status where id = ?", event);
    }

    private void awaitLockWait() {
        database.await("select (" + LOCK_WAITS + ") > 0");
    }

    private void awaitEndOrLockWait(CompletableFuture<?> work) {
        while (!work.isDone() && database.longValue(LOCK_WAITS) == 0) {
            Thread.onSpinWait();
        }
    }

    private static Ended completed(Claim claim) {
        return new Ended(claim.hold(), EventStatus.COMPLETED, Duration.ofMillis(1), "{}", "null", false);
    }

    private static Returned retried(Claim claim) {
        return new Returned(
                claim.hold(), new Standing(claim.priority(), 1, 0, 0), Duration.ZERO, Reason.RETRY, null, null);
    }

    private static <R> CompletableFuture<R> async(Supplier<R> work) {
        return CompletableFuture.supplyAsync(work, task -> Thread.ofPlatform().start(task));
    }

    private static <R> R get(CompletableFuture<R> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }
}
