-- i22_unique: events that lived at the same time as another with the same unique key.
with keyed as (
    select e.id, e.metadata ->> 'key' as key, min(m.seq) as born, coalesce(max(m.seq) filter (where m.what = 'o'), 9e18) as died
    from event e
    join torture.move m on m.id = e.id
    where e.metadata ->> 'key' is not null
    group by e.id
)
select older.id || ' and ' || newer.id || ' had the key ' || older.key || ' at once'
from keyed older
join keyed newer on newer.key = older.key and newer.born > older.born and newer.born < older.died
