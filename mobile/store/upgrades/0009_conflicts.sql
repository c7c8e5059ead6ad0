-- What stands against what in a record of which the province has several versions; by pull only. `heads`: their digests in order.
create table conflict (record_id text primary key, heads text not null, told text not null) without rowid;
-- Which version was saved here to settle which heads. A pull never takes it back: it is a fact of this tablet.
create table settlement (
    record_id text not null, digest text not null, heads text not null, primary key (record_id, digest)
) without rowid;
