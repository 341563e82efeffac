-- planning: as the product has its hot statements planned.
set enable_seqscan = off;
set plan_cache_mode = force_generic_plan;
set jit = off;
