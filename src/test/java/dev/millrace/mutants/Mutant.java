package dev.millrace.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** A protection that can be taken away, the test that fails when it is, and what that test then says. */
enum Mutant {
    /** An answer ends whatever claim of its event there is. */
    NO_FENCE(
            "store.FenceTest#settle_afterTheEventWasClaimedAgain_isRefused",
            "Expecting empty but was",
            edit("store/settle.sql", Fence.WHOLE, "where id = answer.id"),
            edit("store/give_back.sql", Fence.WHOLE, "where id = answer.id")),

    /** An answer ends a later claim of the same worker. */
    FENCE_WITHOUT_ATTEMPT(
            "store.FenceTest#settle_ofAnEarlierClaimOfTheSameWorker_isRefused",
            "Expecting empty but was",
            edit("store/settle.sql", Fence.WHOLE, "where id = answer.id and worker = answer.worker"),
            edit("store/give_back.sql", Fence.WHOLE, "where id = answer.id and worker = answer.worker")),

    /** A rescue does not look again, under the lock, whether the lease that it found to be over still is. */
    RESCUE_WITHOUT_RECHECK(
            "store.FenceTest#rescue_whileTheRenewalIsUnderWay_leavesThatWorkerAlone",
            "expected: Rescued[workers=0, events=0, aborted=0]",
            edit("store/rescue.sql", "    limit 1\n    for update of w skip locked\n", "    limit 1\n")),

    /** A rescue does not look at the lease at all. */
    RESCUE_WITHOUT_CHECK(
            "store.FenceTest#rescue_whileTheLeaseHolds_takesNothing",
            "expected: Rescued[workers=0, events=0, aborted=0]",
            edit("store/rescue.sql", "not millrace.is_alive(w.expires_at)", "w.id <> :rescuer")),

    /** An append whose answer was lost is done again as if the first had not happened. */
    BLIND_REPEAT_OF_APPEND(
            "LostAnswerTest#append_withItsAnswerCutAHundredTimes_storesAHundredEvents",
            "events stored, of those told",
            edit(
                    "store/Appends.java",
                    "insertOne(connection, flow, draft, false)",
                    "insertOne(connection, flow, tries.mayHaveCommitted() ? new Draft(UUID.randomUUID(), draft.lane(),"
                            + " draft.type(), draft.payload(), draft.metadata(), draft.terms(), draft.runAt(), draft.delay()) : draft,"
                            + " false)")),

    /** Dying with an event is not held against it. */
    DEATH_NOT_COUNTED(
            "store.FenceTest#rescue_ofAnExpiredWorker_queuesItsEventsAsSuspectsWithOneDeath",
            "1, 0, 1, -1]]",
            edit("store/rescue.sql", "deaths + died::integer as counted", "deaths as counted")),

    /** A lease runs by the clock of the worker's machine, which is an hour slow. */
    WORKER_CLOCK(
            "store.FenceTest#renew_ofALeaseThatRanOutUnnoticed_bringsItBack",
            "expected: Rescued[workers=0, events=0, aborted=0]",
            edit("store/worker_renew.sql", "(select clock_timestamp() as now,", "(select to_timestamp(:now) as now,"),
            edit(
                    "store/Workers.java",
                    "                stopping,\n                \"lanes\",\n                lanes());",
                    "stopping, \"lanes\", lanes(), \"now\", System.currentTimeMillis() / 1e3 - 3600);")),

    /** Zero rows are taken for a lost claim, without a look at who settled it. */
    NOT_READ_BACK(
            "LostAnswerTest#settle_withItsAnswerCut_isReadBackAndNotStale",
            "answers taken for late",
            edit("process/Settler.java", "done.addAll(store.endedBefore(refused));", "")),

    /** What a rescue aborted in a worker's name is taken for that worker's own answer. */
    ABORT_READ_AS_OWN(
            "store.FenceTest#endedBefore_whenTheRescueAbortedTheEvent_isNotFound",
            "Expecting empty but was",
            edit("store/settled_by.sql", "and t.reason = 'lost'\n)", "and t.reason = 'lost' and false\n)")),

    /** A renewal brings back the registration that a rescue took out. */
    UNFENCED_RENEWAL(
            "store.FenceTest#renew_afterTheRescue_isRefused",
            "Expecting value to be false but was true",
            edit("store/worker_renew.sql", """
                    update millrace.worker
                    set steady_since = case
                            when clock.now - heartbeat_at > clock.lease / 2 or clock.now < heartbeat_at then clock.now
                            else steady_since
                        end,
                        heartbeat_at = clock.now,
                        expires_at = clock.now + clock.lease,
                        listening = :listening,
                        lanes = :lanes::integer[],
                        stopping_at = case when :stopping then coalesce(stopping_at, clock.now) else stopping_at end
                    from (select clock_timestamp() as now, make_interval(secs => :lease) as lease) clock
                    where id = :id and heartbeat_at >= :seen::timestamptz
                    """, """
                    insert into millrace.worker (id, host, pid, version, expires_at)
                    values (:id, 'back', 1, 'again', clock_timestamp() + make_interval(secs => :lease))
                    on conflict on constraint worker_pkey do update
                        set heartbeat_at = clock_timestamp(), expires_at = excluded.expires_at
                    """)),

    /** A worker runs any number of suspects at a time, as neither it nor the claim looks: its next death is charged to all. */
    NEIGHBOURS_CHARGED(
            "SuspectsTest#forward_whileASuspectRuns_startsNoOtherSuspect",
            "suspects beside a suspect",
            edit("process/Suspects.java", "held.compareAndSet(false, true)", "held.compareAndSet(false, false)"),
            edit("store/claim.sql", Fence.NO_OTHER_SUSPECT, "true")),

    /** What was with a worker when it died queues among the others, and is claimed together. */
    SUSPECTS_AMONG_OTHERS(
            "store.FenceTest#rescue_ofAnExpiredWorker_queuesItsEventsAsSuspectsWithOneDeath",
            "1, 0, 1, -1]]",
            edit("store/rescue.sql", "then -abs(lane) else", "then abs(lane) else")),

    /** A worker that does not know of a suspect that it holds, since the answer was lost, is given another. */
    SUSPECT_BESIDE_A_FORGOTTEN_ONE(
            "store.FenceTest#claim_ofASuspectByAWorkerThatHoldsOne_takesNone",
            "Expecting empty but was",
            edit("store/claim.sql", Fence.NO_OTHER_SUSPECT, "true")),

    /** Whoever comes back first from an outage takes everybody's work. */
    RESCUE_WITHOUT_GRACE(
            "store.FenceTest#rescue_byAWorkerThatHasNotBeenSteadyForALease_takesNothing",
            "expected: Rescued[workers=0, events=0, aborted=0]",
            edit("store/rescue.sql", """
                            and heartbeat_at > moment - make_interval(secs => :lease) / 2
                            and steady_since <= moment - make_interval(secs => :lease)
                    """, "        and :lease::float8 > 0\n"));

    private final String catcher;
    private final String symptom;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<Edit> edits;

    Mutant(String catcher, String symptom, Edit... edits) {
        this.catcher = catcher;
        this.symptom = symptom;
        this.edits = List.of(edits);
    }

    private static Edit edit(String file, String before, String after) {
        return new Edit(file, before, after);
    }

    /** As the statements have it. */
    private static final class Fence {
        static final String WHOLE = "where id = answer.id and worker = answer.worker and attempt = answer.attempt";
        static final String NO_OTHER_SUSPECT =
                "not exists (select from millrace.running where worker = :worker and lane < 0)";
    }

    static Mutant of(String wireName) {
        return valueOf(wireName.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** Its name in docs/reliability.md, and in the model where that has it too. */
    String wireName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The test that must fail under it, as {@code dev.millrace.store.FenceTest#method}. */
    String catcher() {
        return "dev.millrace." + catcher;
    }

    /** Part of what that test says when it fails for the right reason. */
    String symptom() {
        return symptom;
    }

    /** Makes it from the product as it is now, in that folder, which can then stand before the product on a class path. */
    Path build(Path folder) throws IOException {
        Files.createDirectories(folder);
        Edit.apply(edits, folder);
        return folder;
    }
}
