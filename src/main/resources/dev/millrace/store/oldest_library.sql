-- oldest_library: the newest migration that a library must bring to work with the schema. Reads only.
select millrace.oldest_library()
