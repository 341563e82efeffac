-- restore_progression: makes a user's progression as it was, maybe without a name; nothing if the name is taken. One whose id another
-- progression has gets a new one. Waits for another that makes it.
insert into millrace.progression (id, created_at, flow, name, metadata)
select case when exists (select from millrace.progression where id = :id) then gen_random_uuid() else :id end,
    :created_at::timestamptz, :flow, :name, :metadata::jsonb
on conflict on constraint progression_flow_name_key do nothing
returning id
