-- Which libraries may work with this schema.

-- The oldest library that may: the number of the newest migration that it brings. A library that is older than the schema and
-- not older than this connects. A migration after which older libraries would go wrong replaces this, with its own number.
create function oldest_library() returns integer language sql immutable parallel safe as $$
    select 20
$$;
