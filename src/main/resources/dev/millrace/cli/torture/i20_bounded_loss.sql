-- i20_bounded_loss: workers that lost more claims at their end than they can hold: their slots, as many ahead of them, one
-- suspect, and one claim of that size whose answer never came.
select 'worker ' || worker || ' lost ' || count(*) || ' claims'
from attempt
where reason = 'lost'
group by worker
having count(*) > 4 * current_setting('torture.concurrency')::integer + 2
