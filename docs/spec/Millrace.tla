------------------------------ MODULE Millrace ------------------------------
(* Who may hold an event, and who may end it, while processes die, stall and  *)
(* are cut off. An event's status is the table it is in. A process is alive   *)
(* for the others as long as its registration's lease has not run out; what a *)
(* dead one held is rescued. Each action that writes is one statement of the  *)
(* product (src/main/resources/dev/millrace/store), so it happens at once or  *)
(* not at all; its answer may be lost on the way back.                        *)
(*                                                                            *)
(* Time is not modelled: the lease of a process that does not renew runs out  *)
(* at any moment, a process that has renewed without a gap becomes steady at  *)
(* any moment after every other one that could has renewed too. So whatever   *)
(* holds here holds for every pause, skew and partition.                      *)
EXTENDS Naturals, FiniteSets, TLC

CONSTANTS
    Processes,
    Events,
    Poison,      \* events whose handler kills its process, each time
    MaxCrashes,  \* deaths that abort an event
    Trouble,     \* how many kills, stalls, outages, lost answers, give-backs
    Mutant       \* the protection that is taken away; "none" for the product

VARIABLES
    \* the tables; a registration is <<process, number>>, a number is never used twice
    ready, running, outcome, attempted, worker, expired,
    \* the counters that travel with an event's row
    attempt, deaths,
    \* what a process remembers
    health, number, held, doubtful, steady, decided,
    \* appends that wait for their answer, and the trouble left
    appending, trouble,
    \* witnesses, which nothing reads but the properties
    aborted, cancelled, killed, honest, robbed

tables == <<ready, running, outcome, attempted, worker, expired, attempt, deaths>>
memory == <<health, number, held, doubtful, steady, decided, appending>>
vars == <<tables, memory, trouble, aborted, cancelled, killed, honest, robbed>>

Me(p) == <<p, number[p]>>
Awake(p) == health[p] \in {"well", "late"}
Key(t) == [e |-> t.e, by |-> t.by, a |-> t.a]
Is(mutant) == Mutant = mutant

(* Every step says what it costs: 0, or 1 taken from the trouble there may be. *)
Costs(n) == trouble >= n /\ trouble' = trouble - n

(* The answer of a statement arrives, or it does not and the process cannot tell. *)
Lost == {0, 1}

Init ==
    /\ ready = {} /\ running = {} /\ outcome = {} /\ attempted = {}
    /\ worker = {<<p, 1>> : p \in Processes} /\ expired = {}
    /\ attempt = [e \in Events |-> 0] /\ deaths = [e \in Events |-> 0]
    /\ health = [p \in Processes |-> "well"] /\ number = [p \in Processes |-> 1]
    /\ held = [p \in Processes |-> {}] /\ doubtful = {}
    /\ steady = {} /\ decided = {}
    /\ appending = Events /\ trouble = Trouble
    /\ aborted = {} /\ cancelled = {} /\ killed = [e \in Events |-> 0] /\ honest = TRUE /\ robbed = FALSE

----------------------------------------------------------------------------
(* append: the client makes the id, so saying it again finds the first one.   *)
Known(e) == e \in ready \/ (\E r \in running : r.e = e) \/ (\E o \in outcome : o.e = e)

Append(e, lost) ==
    /\ e \in appending
    /\ Costs(lost)
    /\ ready' = IF Known(e) /\ ~Is("blind-repeat-of-append") THEN ready ELSE ready \cup {e}
    /\ appending' = IF lost = 1 THEN appending ELSE appending \ {e}
    /\ UNCHANGED <<running, outcome, attempted, worker, expired, attempt, deaths,
                   health, number, held, doubtful, steady, decided, aborted, cancelled, killed, honest, robbed>>

(* claim: suspects one at a time for each process; none while an earlier claim *)
(* may have happened without the process knowing. A process whose lease is in  *)
(* doubt does not claim; one that stalled while a claim was on its way does, so *)
(* that is a trouble of its own. (It may settle: nothing here relies on doubt.) *)
HoldsSuspect(p) == \E t \in held[p] : t.suspect

Claim(p, e, lost) ==
    /\ Awake(p) /\ p \notin doubtful /\ e \in ready
    /\ deaths[e] = 0 \/ ~HoldsSuspect(p) \/ Is("neighbours-charged")
    /\ Costs(lost + IF health[p] = "late" THEN 1 ELSE 0)
    /\ ready' = ready \ {e}
    /\ attempt' = [attempt EXCEPT ![e] = @ + 1]
    /\ running' = running \cup {[e |-> e, by |-> Me(p), a |-> attempt[e] + 1]}
    /\ IF lost = 1
       THEN doubtful' = doubtful \cup {p} /\ held' = held
       ELSE /\ held' = [held EXCEPT ![p] = @ \cup {[e |-> e, by |-> Me(p), a |-> attempt[e] + 1,
                                                    answer |-> "none", suspect |-> deaths[e] > 0]}]
            /\ doubtful' = doubtful
    /\ UNCHANGED <<outcome, attempted, worker, expired, deaths,
                   health, number, steady, decided, appending, aborted, cancelled, killed, honest, robbed>>

(* forgotten: returns what this registration holds and the process does not know of. *)
Forgotten(p) == {r \in running : r.by = Me(p) /\ \A t \in held[p] : Key(t) # r}

GiveBackForgotten(p) ==
    /\ Awake(p) /\ p \in doubtful /\ ~Is("forgotten-claims-stay")
    /\ Costs(0)
    /\ running' = running \ Forgotten(p)
    /\ ready' = ready \cup {r.e : r \in Forgotten(p)}
    /\ attempted' = attempted \cup Forgotten(p)
    /\ doubtful' = doubtful \ {p}
    /\ UNCHANGED <<outcome, worker, expired, attempt, deaths,
                   health, number, held, steady, decided, appending, aborted, cancelled, killed, honest, robbed>>

(* settle and give_back: an answer, once decided, is repeated until the database has said what became of it. *)
Fenced(t) ==
    {r \in running : /\ r.e = t.e
                     /\ r.by = t.by \/ Is("no-fence")
                     /\ r.a = t.a \/ Is("no-fence") \/ Is("fence-without-attempt")}

(* A rescue that aborts an event writes the outcome in the lost claim's name. *)
(* So does a cancel; only the status tells it from the worker's own answer.   *)
WrittenByMe(t) == Key(t) \in attempted \/ (Key(t) \in outcome /\ t.e \notin aborted \cup cancelled)

FoundWritten(t) ==
    CASE Is("not-read-back")     -> FALSE
      [] Is("abort-read-as-own") -> WrittenByMe(t) \/ (Key(t) \in outcome /\ t.e \in aborted)
      [] Is("cancel-read-as-own") -> WrittenByMe(t) \/ (Key(t) \in outcome /\ t.e \in cancelled)
      [] OTHER                   -> WrittenByMe(t)

Forget(p, t) == held' = [held EXCEPT ![p] = @ \ {t}]

Write(p, t, answer, lost) ==
    /\ Fenced(t) # {}
    /\ Costs(lost)
    /\ running' = running \ Fenced(t)
    /\ IF answer = "end"
       THEN outcome' = outcome \cup {Key(t)} /\ UNCHANGED <<ready, attempted>>
       ELSE ready' = ready \cup {t.e} /\ attempted' = attempted \cup {Key(t)} /\ outcome' = outcome
    /\ IF lost = 1
       THEN held' = [held EXCEPT ![p] = (@ \ {t}) \cup {[t EXCEPT !.answer = answer]}]
       ELSE Forget(p, t)
    /\ honest' = honest

(* Nothing was written: this claim is lost, or an earlier try was the one that wrote. *)
ReadBack(p, t) ==
    /\ Fenced(t) = {}
    /\ Costs(0)
    /\ honest' = (honest /\ (FoundWritten(t) <=> WrittenByMe(t)))
    /\ Forget(p, t)
    /\ UNCHANGED <<running, ready, outcome, attempted>>

Settle(p, lost) ==
    /\ Awake(p)
    /\ \E t \in held[p] :
        /\ t.answer \in {"none", "end"} /\ t.e \notin Poison
        /\ Write(p, t, "end", lost) \/ (lost = 0 /\ ReadBack(p, t))
    /\ UNCHANGED <<worker, expired, attempt, deaths,
                   health, number, doubtful, steady, decided, appending, aborted, cancelled, killed, robbed>>

GiveBack(p, lost) ==
    /\ Awake(p)
    /\ \E t \in held[p] :
        \/ t.answer = "back" /\ (Write(p, t, "back", lost) \/ (lost = 0 /\ ReadBack(p, t)))
        \/ t.answer = "none" /\ lost = 0 /\ Fenced(t) # {} /\ Write(p, t, "back", 1)
    /\ UNCHANGED <<worker, expired, attempt, deaths,
                   health, number, doubtful, steady, decided, appending, aborted, cancelled, killed, robbed>>

(* cancel: anybody's, at any moment, of what waits or runs; the outcome carries the claim that it was taken from. Of a cancel *)
(* and a settlement of the same claim, the one that deletes the row counts.                                               *)
Unclaimed(e) == [e |-> e, by |-> <<"nobody", 0>>, a |-> attempt[e]]

Cancel(e) ==
    /\ Costs(1)
    /\ e \in ready \/ \E r \in running : r.e = e
    /\ ready' = ready \ {e}
    /\ running' = IF Is("cancel-leaves-the-claim") THEN running ELSE {r \in running : r.e # e}
    /\ outcome' = outcome \cup (IF e \in ready THEN {Unclaimed(e)} ELSE {r \in running : r.e = e})
    /\ cancelled' = cancelled \cup {e}
    /\ UNCHANGED <<attempted, worker, expired, attempt, deaths, memory, aborted, killed, honest, robbed>>

----------------------------------------------------------------------------
(* A process dies, or comes back under a number never used; it stalls, and goes on as if nothing had been. *)
Dies(p) ==
    /\ health' = [health EXCEPT ![p] = "dead"]
    /\ held' = [held EXCEPT ![p] = {}]
    /\ doubtful' = doubtful \ {p} /\ steady' = steady \ {p}
    /\ decided' = {d \in decided : d[1] # p}
    /\ UNCHANGED <<tables, number, appending, aborted, cancelled, honest, robbed>>

Kill(p) == health[p] # "dead" /\ Costs(1) /\ Dies(p) /\ killed' = killed

PoisonKills(p) ==
    /\ Awake(p) /\ Costs(0)
    /\ \E t \in held[p] :
        /\ t.e \in Poison /\ t.answer = "none"
        /\ killed' = [killed EXCEPT ![t.e] = @ + 1]
    /\ Dies(p)

Registers(p) ==
    /\ number' = [number EXCEPT ![p] = @ + 1]
    /\ worker' = worker \cup {<<p, number[p] + 1>>}
    /\ health' = [health EXCEPT ![p] = "well"]
    /\ held' = [held EXCEPT ![p] = {}]
    /\ doubtful' = doubtful \ {p} /\ steady' = steady \ {p}
    /\ decided' = {d \in decided : d[1] # p}

Restart(p) ==
    /\ health[p] = "dead" /\ Costs(0)
    /\ Registers(p)
    /\ UNCHANGED <<ready, running, outcome, attempted, expired, attempt, deaths,
                   appending, aborted, cancelled, killed, honest, robbed>>

Stall(p) ==
    /\ health[p] = "well" /\ Costs(1)
    /\ health' = [health EXCEPT ![p] = "stalled"]
    /\ steady' = steady \ {p}
    /\ UNCHANGED <<tables, number, held, doubtful, decided, appending, aborted, cancelled, killed, honest, robbed>>

Resume(p) ==
    /\ health[p] = "stalled" /\ Costs(0)
    /\ health' = [health EXCEPT ![p] = "late"]
    /\ UNCHANGED <<tables, number, held, doubtful, steady, decided, appending, aborted, cancelled, killed, honest, robbed>>

----------------------------------------------------------------------------
(* Leases, by the database's clock: only of those that do not renew in time. An outage is nobody's fault and everybody's. *)
IsWell(id) == health[id[1]] = "well" /\ number[id[1]] = id[2]

Expire(id) ==
    /\ id \in worker \ expired /\ Costs(0)
    /\ ~IsWell(id) \/ Is("worker-clock")
    /\ expired' = expired \cup {id}
    /\ UNCHANGED <<ready, running, outcome, attempted, worker, attempt, deaths,
                   memory, aborted, cancelled, killed, honest, robbed>>

Outage ==
    /\ Costs(1)
    /\ expired' = worker /\ steady' = {}
    /\ UNCHANGED <<ready, running, outcome, attempted, worker, attempt, deaths,
                   health, number, held, doubtful, decided, appending, aborted, cancelled, killed, honest, robbed>>

(* worker_renew: one that finds its registration gone drops all it held and registers anew. *)
Renew(p) ==
    /\ Awake(p) /\ Costs(0)
    /\ IF Me(p) \in worker \/ Is("unfenced-renewal")
       THEN /\ worker' = worker \cup {Me(p)}
            /\ health' = [health EXCEPT ![p] = "well"]
            /\ UNCHANGED <<number, held, doubtful, steady, decided>>
       ELSE Registers(p)
    /\ expired' = expired \ {Me(p)}
    /\ UNCHANGED <<ready, running, outcome, attempted, attempt, deaths, appending, aborted, cancelled, killed, honest, robbed>>

(* A whole lease without a gap: time enough for every other well one to renew as well. *)
BecomeSteady(p) ==
    /\ health[p] = "well" /\ p \notin steady /\ Costs(0)
    /\ \A id \in expired : ~IsWell(id)
    /\ steady' = steady \cup {p}
    /\ UNCHANGED <<tables, health, number, held, doubtful, decided, appending, aborted, cancelled, killed, honest, robbed>>

(* rescue: between the decision to send it and its execution anything may happen, so all that it relies on is judged by *)
(* the statement itself, under the lock. Two mutants judge a part of it when it is sent.                                *)
MayRescue(p) == p \in steady \/ Is("rescue-without-grace")

DecideToRescue(p) ==
    /\ Awake(p) /\ Costs(0) /\ MayRescue(p)
    /\ Is("grace-judged-when-sent") \/ Is("rescue-without-recheck")
    /\ \E id \in (IF Is("rescue-without-recheck") THEN expired ELSE worker) :
        /\ <<p, id>> \notin decided
        /\ decided' = decided \cup {<<p, id>>}
    /\ UNCHANGED <<tables, health, number, held, doubtful, steady, appending, aborted, cancelled, killed, honest, robbed>>

DecidedOn(p) == {id \in worker : <<p, id>> \in decided}

(* Besides one dead process's rows it takes those of none: claimed by one that was dead by then. *)
Nobody == <<"nobody", 0>>

Rescuable(p) ==
    CASE Is("rescue-without-recheck") -> DecidedOn(p)
      [] Is("grace-judged-when-sent") -> expired \cap DecidedOn(p)
      [] MayRescue(p)                 -> expired \cup {Nobody}
      [] OTHER                        -> {}

Rescue(p) ==
    /\ Awake(p) /\ Costs(0)
    /\ \E id \in Rescuable(p) :
        LET lost == {r \in running : r.by = id \/ r.by \notin worker}
            died == {r.e : r \in lost}
            counted == [e \in Events |-> IF e \in died /\ ~Is("death-not-counted") THEN deaths[e] + 1 ELSE deaths[e]]
            over == {r \in lost : counted[r.e] >= MaxCrashes}
        IN /\ id # Nobody \/ lost # {}
           /\ worker' = worker \ {id}
           /\ expired' = expired \ {id}
           /\ running' = running \ lost
           /\ outcome' = outcome \cup over
           /\ ready' = ready \cup {r.e : r \in lost \ over}
           /\ deaths' = counted
           /\ aborted' = aborted \cup {r.e : r \in over}
           /\ robbed' = (robbed \/ (id # Nobody /\ IsWell(id)))
           /\ decided' = decided \ {<<p, id>>}
    /\ UNCHANGED <<attempted, attempt, health, number, held, doubtful, steady, appending, cancelled, killed, honest>>

----------------------------------------------------------------------------
Next ==
    \/ \E e \in Events, lost \in Lost : Append(e, lost)
    \/ \E id \in worker : Expire(id)
    \/ \E e \in Events : Cancel(e)
    \/ Outage
    \/ \E p \in Processes :
        \/ \E e \in Events, lost \in Lost : Claim(p, e, lost)
        \/ GiveBackForgotten(p)
        \/ \E lost \in Lost : Settle(p, lost) \/ GiveBack(p, lost)
        \/ Kill(p) \/ PoisonKills(p) \/ Restart(p) \/ Stall(p) \/ Resume(p)
        \/ Renew(p) \/ BecomeSteady(p) \/ DecideToRescue(p) \/ Rescue(p)

(* What must happen if it can go on happening: everything but trouble. *)
Fairness ==
    /\ \A e \in Events : WF_vars(Append(e, 0))
    /\ \A p \in Processes :
        /\ \A e \in Events : SF_vars(Claim(p, e, 0))
        /\ WF_vars(GiveBackForgotten(p)) /\ SF_vars(Settle(p, 0)) /\ WF_vars(GiveBack(p, 0))
        /\ WF_vars(PoisonKills(p)) /\ WF_vars(Restart(p)) /\ WF_vars(Resume(p))
        /\ WF_vars(Renew(p)) /\ WF_vars(BecomeSteady(p)) /\ SF_vars(Rescue(p))
    /\ \A p \in Processes, n \in 1..Trouble + MaxCrashes + 2 : WF_vars(Expire(<<p, n>>))

Spec == Init /\ [][Next]_vars
FairSpec == Spec /\ Fairness

----------------------------------------------------------------------------
Times(e) ==
    (IF e \in ready THEN 1 ELSE 0) + Cardinality({r \in running : r.e = e}) + Cardinality({o \in outcome : o.e = e})

(* An event that was appended is in one table, once; before that it may be in none. *)
OneTable == \A e \in Events : Times(e) <= 1 /\ (e \notin appending => Times(e) = 1)

(* It is ended by its newest claim, or in its place. *)
EndedByHolder == \A o \in outcome : o.a = attempt[o.e]

(* What a process is told of its answer is what became of it. *)
ToldTheTruth == honest

(* A process that renews in time never has its work taken, not even after an outage. *)
NobodyRobbed == ~robbed

(* One that has renewed holds what it believes to hold, but for what somebody cancelled. *)
WellHoldsItsOwn ==
    \A p \in Processes : health[p] = "well" /\ Me(p) \in worker
        => \A t \in held[p] : t.answer = "none" => Key(t) \in running \/ t.e \in cancelled

(* A poison event kills no more processes than it may. *)
PoisonEnds == \A e \in Events : killed[e] <= MaxCrashes

(* No event pays for its neighbour's poison more than once: so one neighbour never aborts it. *)
NeighboursSpared == \A e \in Events \ Poison : deaths[e] <= 1 + (Trouble - trouble)

(* Only an event that was lost that often is aborted. *)
AbortedAfterDeaths == \A e \in aborted : deaths[e] = MaxCrashes

OutcomeIsFinal == [][outcome \subseteq outcome']_vars
AttemptsGrow == [][\A e \in Events : attempt'[e] \in {attempt[e], attempt[e] + 1}]_vars

EveryEventEnds == \A e \in Events : <>(\E o \in outcome : o.e = e)

(* Only the mutants ever reach it. *)
Bounded == \A e \in Events : attempt[e] <= Trouble + MaxCrashes + 2

Symmetry == Permutations(Processes) \cup Permutations(Events \ Poison)
=============================================================================
