-- effect: what a handler writes in the transaction that settles its event.
insert into torture.effect (event, attempt) values (?, ?)
