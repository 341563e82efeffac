-- restore_flow: gives an empty flow the identity, the creation time and the notes of a snapshot; the identity only if no other flow
-- has it.
update millrace.flow f
set metadata = :metadata::jsonb,
    created_at = :created_at::timestamptz,
    frame = :frame::jsonb,
    uid = case when exists (select 1 from millrace.flow o where o.uid = :uid and o.id <> :flow) then f.uid else :uid end
where f.id = :flow
