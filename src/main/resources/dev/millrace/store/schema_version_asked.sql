-- schema_version_asked: as schema_version, for a role that may not read. Reads only.
select millrace.schema_version()
