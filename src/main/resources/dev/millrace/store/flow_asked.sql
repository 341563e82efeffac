-- flow_asked: the number of the flow of that name, made if there is none, for a role that may only append. Waits for another that
-- makes it.
select millrace.open_flow(:name)
