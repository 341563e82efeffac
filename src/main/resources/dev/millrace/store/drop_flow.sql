-- drop_flow: drops a flow that has no events. Waits at most a second for the transactions that use flows; others wait for it meanwhile.
select millrace.drop_flow(:name)
