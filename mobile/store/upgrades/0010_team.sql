-- Open records of colleagues in the surveys of this person; by pull only, and forgotten when the server says so. `mark`: by which it says so.
create table team_record (
    record_id text primary key, mark text not null, change_no integer not null, kind text not null, survey_id text not null,
    state text not null, scientific_name text not null, name_zh text not null, county text not null, grid_cell text not null,
    observed_from text not null, date_precision text not null, observer text not null
) without rowid;
create table team_cursor (only_row integer primary key check (only_row = 1), cursor integer not null, whose text not null);
create index team_record_mark on team_record (mark);
create index team_record_observed on team_record (observed_from);
