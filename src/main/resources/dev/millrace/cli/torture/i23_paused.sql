-- i23_paused: events that were claimed while the flow was paused: more than a second after that was acknowledged, since a claim
-- that had begun before may end later, and before anybody tried to resume it.
with pause as (
    select at as begun, (
        select min(r.at) from torture.steer_line r where r.said = 'R' and r.at >= p.at
    ) as ended
    from torture.steer_line p
    where said = 'P'
)
select m.id || ' was claimed ' || (m.at - p.begun) || ' after a pause'
from pause p
join torture.move m on m.what = 'c' and m.at > p.begun + interval '1 second' and m.at < p.ended
