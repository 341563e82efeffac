-- clean_up_keys: removes unique keys of a flow whose period is over, up to :batch. Skips rows that somebody is taking over.
select millrace.clean_up_keys(:flow, :batch)
