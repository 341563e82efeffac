-- A publication of all tables, as logical replication and change capture make one, refuses to delete from a table without an identity.
-- The rows of status_delta have no key, on purpose: they are added and folded, never looked up. All of their three columns say which row it is.
alter table status_delta replica identity full;
