-- Thirty days are counted by the server's time; null: not told yet, so they begin when it is next told.
alter table media_file add column held_server_at text;
-- The credential is for this address and goes to no other.
insert or ignore into setting select 'credential_for', value from setting where name = 'server_url';
