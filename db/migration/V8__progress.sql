-- How far handlers say they are. One row for each event whose handler ever said so; nothing is written for others.

create table progress (
    event    uuid not null,
    told_at  timestamptz not null default clock_timestamp(),
    fraction double precision not null,
    attempt  integer not null,
    message  text,
    constraint progress_pkey primary key (event),
    constraint progress_told_at_finite check (isfinite(told_at)),
    constraint progress_fraction_part check (fraction >= 0 and fraction <= 1),
    constraint progress_attempt_positive check (attempt >= 1),
    constraint progress_message_capped check (octet_length(message) <= 1000)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
comment on table progress is 'How far the handler of an event''s last attempt that said so is, or was at its end. Gone with the event.';
comment on index progress_pkey is 'progress, tell_progress, clean_up: what was said of an event last';
