-- left: how many events have not ended, and how many dead workers have not been noticed, if so many should live. Reads only.
select (select count(*) from ready) + (select count(*) from scheduled) + (select count(*) from running)
    + greatest(0, (select count(*) from worker) - ?)
