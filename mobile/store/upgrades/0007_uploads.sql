-- How much of a photo the server has, as it said itself: what is left is told by it.
alter table media_file add column server_offset integer not null default 0;

-- The small copy that goes ahead of an original; none where the photo is small itself or cannot be shrunk.
create table review_copy (
    sha256 text primary key references media_file, copy_sha256 text, byte_count integer not null default 0,
    state text not null check (state in ('waiting', 'sent', 'none')), upload_url text, attempts integer not null default 0,
    next_try_at text, last_reason text not null default ''
) without rowid;
