-- flow_open: makes the flow of that name if there is none. Waits for another that makes it.
insert into millrace.flow (name) values (:name) on conflict on constraint flow_name_key do nothing
