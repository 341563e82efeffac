-- schema_version: the newest migration applied. Reads only.
select version
from millrace.schema_history
where success and version is not null
order by installed_rank desc
limit 1
