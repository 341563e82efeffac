-- held: whether a claim is still its worker's. Waits for whoever is ending it, and so knows how a transaction ended whose
-- commit was never acknowledged: if the claim is held, that was rolled back. Locks the row for this moment.
select id
from millrace.running
where id = :id and worker = :worker and attempt = :attempt
for update
