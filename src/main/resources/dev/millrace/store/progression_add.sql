-- progression_add: makes a user's progression; nothing if the name is taken. Waits for another that makes it.
insert into millrace.progression (flow, name)
values (:flow, :name)
on conflict on constraint progression_flow_name_key do nothing
returning id
