-- Photos whose sealed copies took their place: the plain files that are still to be removed, however the app may have ended.
create table plain_photo (sha256 text primary key) without rowid;
