"""An app of before: its store, as it was when it was put under the newer app."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from mobile.store.database import UPGRADES

FIRST = 2
"""The upgrades that an app had which was handed out: all later ones are still to come for its store."""


def put_back(data: Path) -> None:
    """The tablet's store in the shape of an older app, with all of its rows; what only the newer app knows is lost with it."""
    path, older = data / "field.sqlite3", data / "older.sqlite3"
    older.unlink(missing_ok=True)
    with closing(sqlite3.connect(older, isolation_level=None)) as made:
        for file in sorted(UPGRADES.glob("*.sql")):
            number = int(file.name.split("_")[0])
            if number <= FIRST:
                made.executescript(f"{file.read_text(encoding='utf-8')}\npragma user_version = {number};")
        made.execute("attach ? as newer", (str(path),))
        made.execute("begin")
        tables = [row[0] for row in made.execute("select name from main.sqlite_master where type = 'table'")]
        for table in tables:
            names = ", ".join(sorted(_columns(made, "main", table) & _columns(made, "newer", table)))
            made.execute(f"insert into main.{table} ({names}) select {names} from newer.{table}")
        made.execute("commit")
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    os.replace(older, path)


def _columns(store: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in store.execute(f"pragma {schema}.table_info({table})")}
