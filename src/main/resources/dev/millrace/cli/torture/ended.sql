-- ended: how many events have ended. Reads only.
select count(*) from outcome
