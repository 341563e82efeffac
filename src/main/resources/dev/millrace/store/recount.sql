-- recount: puts the counts of a flow right, exactly, while events are appended and run; says by how many events they were wrong in all.
-- Reads the flow's rows once. Waits for another recount and for nobody else.
select millrace.recount_flow(:flow)
