-- Who appends to a bounded flow holds a turn of its own, and not the flow's row: so a pause, a resumption and a change of the limit wait
-- for no transaction of an application (docs/decisions/0026-turns.md).

create table flow_turn (
    flow integer not null,
    constraint flow_turn_pkey primary key (flow),
    constraint flow_turn_flow_fkey foreign key (flow) references flow (id) on delete cascade
);
comment on table flow_turn is 'One row for each flow that has had a limit. Who appends to a bounded flow locks its row until the transaction ends.';
comment on index flow_turn_pkey is 'flow_lock: the turn of a flow; the function take_turn';

-- Takes the turn of a bounded flow, until the transaction ends; of a flow without a limit there is none to take. Says the limit, which may have
-- changed while this waited, and whether the transaction sees what others append while it lasts. No row: there is no such flow.
create function take_turn(flow_id integer) returns table (max_pending integer, sees_others boolean) language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    sees constant boolean := current_setting('transaction_isolation') in ('read committed', 'read uncommitted');
begin
    -- one that does not see others is refused by the caller, and would meet a row that it does not see here
    if sees and exists (select from flow f where f.id = take_turn.flow_id and f.max_pending is not null) then
        insert into flow_turn (flow) values (take_turn.flow_id) on conflict on constraint flow_turn_pkey do nothing;
        perform from flow_turn t where t.flow = take_turn.flow_id for update;
    end if;
    return query
        select f.max_pending, sees
        from flow f
        where f.id = take_turn.flow_id;
end $$;

-- For how many more events a flow has room, if it has a limit; and how many are pending. Holds the flow's turn until the transaction
-- ends, so the count stays true until the rows are in.
create or replace function lock_flow(flow_id integer, out pending bigint, out most integer) language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
declare
    sees_others boolean;
begin
    select t.max_pending, t.sees_others into most, sees_others from take_turn(flow_id) t;
    if most is null then
        return;
    end if;
    if not sees_others then
        perform refuse(null, 'the flow is bounded, and a transaction that is REPEATABLE READ or SERIALIZABLE cannot see what '
            'others append: append in one that is READ COMMITTED', '25000', null);
    end if;
    select coalesce(sum(parts.n), 0) into pending
    from (
        select c.n from status_count c where c.flow = flow_id and c.status in (0, 7)
        union all
        select d.n from status_delta d where d.flow = flow_id and d.status in (0, 7)
    ) parts;
end $$;

-- To append a failed event again takes a turn as well. It waits for others for two seconds and is refused then, instead of for as long as a
-- client leaves its transaction open.
alter function retry(uuid) set lock_timeout = '2s';
alter function retry_all(text, text[], text[], text, boolean, timestamptz, timestamptz, integer) set lock_timeout = '2s';
