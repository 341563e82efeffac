-- i08_ran: completed events whose settling attempt no handler finished.
select o.id || ' completed by attempt ' || o.attempt || ', which no handler finished'
from outcome o
where o.status = 2
    and not exists (
        select from torture.run_line r where r.id = o.id and r.attempt = o.attempt and r.said = 'E' and r.how = 'done')
