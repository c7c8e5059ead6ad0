-- What the server tells of a survey: by which profile its records are made. Null where it tells none, and for one that was begun here.
alter table survey add column profile text;
