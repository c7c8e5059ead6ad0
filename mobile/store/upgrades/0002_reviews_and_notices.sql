-- What reviewers said of records, by pull only; the newest change is how a record stands. Empty decision_id: nobody has decided yet.
create table review (
    record_id text not null, decision_id text not null, state text not null, change_no integer not null, message text not null,
    scientific_name text not null, name_zh text not null, decided_at text not null, decided_by text not null,
    primary key (record_id, decision_id, state)
) without rowid;
create index review_latest on review (record_id, change_no);

-- Which question an answer in `record` belongs to.
create table review_answer (record_id text primary key, occurrence_id text not null, decision_id text not null) without rowid;
create index review_answer_to on review_answer (occurrence_id, decision_id);

-- That a notice was shown before something was recorded of a person, and what they said to it.
create table notice_acceptance (
    acceptance_no integer primary key, kind text not null, person_id text not null, version text not null, basis text not null,
    guardian integer, accepted_at text not null
);
create trigger notice_acceptance_is_final before update on notice_acceptance
begin select raise(abort, 'what was accepted is final'); end;
create trigger notice_acceptance_stays before delete on notice_acceptance
begin select raise(abort, 'what was accepted is final'); end;
