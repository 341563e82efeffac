-- restore_flow: gives an empty flow the identity and the notes of a snapshot; the identity only if nobody else has it.
update millrace.flow f
set metadata = :metadata::jsonb,
    uid = case when exists (select 1 from millrace.flow o where o.uid = :uid and o.id <> :flow) then f.uid else :uid end
where f.id = :flow
