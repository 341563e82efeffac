-- progression_rename: gives a progression another name and other notes; fails on progression_flow_name_key if it is taken.
update millrace.progression set name = :name, metadata = :metadata::jsonb where id = :id
