"""The rows that records brought into a database, put there once more by COPY: the least that it can cost to store them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

_TABLES = """
    WITH RECURSIVE ours AS (
        SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('xiangye', 'precise') AND c.relkind = 'r'),
    below AS (
        SELECT oid, 0 AS depth FROM ours
        UNION
        SELECT k.conrelid, b.depth + 1 FROM below b JOIN pg_constraint k
            ON k.confrelid IN (b.oid, (SELECT inhparent FROM pg_inherits WHERE inhrelid = b.oid)) AND k.contype = 'f' AND k.conrelid <> b.oid
        WHERE b.depth < 12)
    SELECT nspname, relname FROM ours JOIN below USING (oid) GROUP BY 1, 2 ORDER BY max(depth), 1, 2"""
"""Those that others point to come first."""


@dataclass(frozen=True)
class Copied:
    """`rows` by table, in COPY's own binary form; those that were written after the transaction `since`."""

    since: int
    rows: Mapping[tuple[str, str], bytes]
    counts: Mapping[tuple[str, str], int]

    @property
    def row_count(self) -> int:
        return sum(self.counts.values())

    def seconds_to_store(self, url: str) -> float:
        """Into the tables as they are, with their indexes and foreign keys; only what our own triggers would write is among the rows
        already. Ends as it began."""
        with psycopg.connect(url) as connection:
            names = [sql.Identifier(*table) for table in self.rows]
            for name in names:
                connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(name))  # some tables only grow
                connection.execute(sql.SQL("DELETE FROM {} t WHERE {}").format(name, _new(self.since)))
            for name in names:
                connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER ALL").format(name))
                connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
            begun = time.perf_counter()
            for table, data in self.rows.items():
                with connection.cursor().copy(_copy(table, "FROM STDIN (FORMAT binary)")) as copy:
                    copy.write(data)
            taken = time.perf_counter() - begun
            connection.rollback()
        return taken


def mark(url: str) -> int:
    """From here on rows count as new."""
    with psycopg.connect(url) as connection:
        return int(connection.execute("SELECT pg_current_xact_id()::text").fetchone()[0])  # type: ignore[index]


def rows_since(url: str, mark: int) -> Copied:
    rows, counts = {}, {}
    with psycopg.connect(url) as connection:
        for table in connection.execute(_TABLES).fetchall():
            name = sql.Identifier(*table)
            new = sql.SQL("SELECT t.* FROM {} t WHERE {}").format(name, _new(mark))
            found = connection.execute(sql.SQL("SELECT count(*) FROM ({}) n").format(new)).fetchone()
            if found and found[0] > 1:  # a counter that was moved on is no record's row
                counts[table] = int(found[0])
                with connection.cursor().copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(new)) as copy:
                    rows[table] = b"".join(bytes(part) for part in copy)
    return Copied(mark, rows, counts)


def _new(mark: int) -> sql.Composed:
    return sql.SQL("t.xmin::text::bigint > {}").format(mark)


def _copy(table: tuple[str, str], what: str) -> sql.Composed:
    return sql.SQL("COPY {} {}").format(sql.Identifier(*table), sql.SQL(what))
