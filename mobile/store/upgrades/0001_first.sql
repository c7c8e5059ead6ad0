-- Settings of the tablet: server, identity, cursor, clock offset.
create table setting (name text primary key, value text not null) without rowid;

create table survey (
    survey_id text primary key, title text not null, kind text not null, dataset_id text, chosen integer not null default 0
) without rowid;

-- A draft is kept field by field, so that a dead battery costs one touch at most.
create table draft (draft_id text primary key, form text not null, started_at text not null, updated_at text not null) without rowid;
create table draft_field (
    draft_id text not null references draft on delete cascade, field text not null, value text not null,
    primary key (draft_id, field)
) without rowid;

create table track_point (
    event_id text not null, leg integer not null, t_ms integer not null, lon_e7 integer not null, lat_e7 integer not null,
    accuracy_cm integer, altitude_dm integer, primary key (event_id, leg, t_ms)
) without rowid;

-- Every version that was confirmed: the bytes that the digest is over. Append-only.
create table record (
    seq integer primary key, record_id text not null, digest text not null, base_digest text, kind text not null,
    saved_at text not null, canonical blob not null, unique (record_id, digest)
);
create index record_kind on record (kind, seq);

create table outbox (
    record_id text not null, digest text not null, state text not null default 'waiting'
        check (state in ('waiting', 'sent', 'held', 'conflict', 'quarantined')),
    attempts integer not null default 0, next_try_at text, last_reason text not null default '',
    primary key (record_id, digest), foreign key (record_id, digest) references record (record_id, digest)
) without rowid;
create index outbox_state on outbox (state);

create table receipt (
    receipt_no integer primary key, record_id text not null, digest text not null, outcome text not null, holder text not null,
    server_epoch text not null, reason text not null, received_at text not null, frees integer not null
);
create index receipt_of on receipt (record_id, digest);

create table media_file (
    sha256 text primary key, file_name text not null, byte_count integer not null, media_type text not null, media_id text,
    kept_at text not null, state text not null default 'kept' check (state in ('kept', 'waiting', 'held', 'freed')),
    upload_url text, attempts integer not null default 0, next_try_at text, last_reason text not null default '',
    custody_holder text, custody_epoch text, held_at text
) without rowid;
create table media_subject (
    sha256 text not null references media_file, subject_id text not null, primary key (subject_id, sha256)
) without rowid;

create table pack (
    kind text primary key, version text not null, sha256 text not null, byte_count integer not null, file_name text not null,
    installed_at text not null
) without rowid;

-- What the server says of records, by pull only.
create table server_state (
    record_id text primary key, kind text not null, state text not null, head_digest text, change_no integer not null
) without rowid;

create trigger record_is_final before update on record begin select raise(abort, 'a confirmed record is final'); end;
create trigger record_needs_receipt before delete on record
when not exists (select 1 from receipt r where r.record_id = old.record_id and r.digest = old.digest and r.frees = 1)
begin select raise(abort, 'no receipt with this digest frees this record'); end;
create trigger receipt_is_final before update on receipt begin select raise(abort, 'a receipt is final'); end;
create trigger receipt_stays before delete on receipt begin select raise(abort, 'a receipt is final'); end;
create trigger media_needs_custody before update of state on media_file when new.state = 'freed' and old.custody_holder is null
begin select raise(abort, 'no custody of these bytes is proved'); end;
create trigger media_stays before delete on media_file when old.media_id is not null
begin select raise(abort, 'a photo of a record is not forgotten'); end;
