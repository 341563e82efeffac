-- probe: says something to the listener :self, from another session than its own. Writes nothing.
select pg_notify(:self, :probe)
