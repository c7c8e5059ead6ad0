"""What a sealed record leaves nowhere: the draft it was made from, in the store, in its log and in its copies, and its plain photos."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from mobile.store.database import Database
from mobile.store.media import MediaStore


class Traces:
    """Deleted rows are overwritten (`secure_delete`, see Database); what the write-ahead log still says goes with `clear`."""

    def __init__(self, database: Database, media: MediaStore) -> None:
        self._database = database
        self._media = media

    def replace_photos(self, connection: sqlite3.Connection, plain: Sequence[str]) -> None:
        """In the transaction that binds the sealed copies. A photo that another record shows in clear stays."""
        for sha256 in plain:
            gone = connection.execute("delete from media_file where sha256 = ? and media_id is null", (sha256,))
            if gone.rowcount:
                connection.execute("insert or ignore into plain_photo values (?)", (sha256,))

    def clear(self, draft_id: str | None = None) -> None:
        """After the commit, and whenever the app begins: what a crash, a full disk or a reader beside us left is cleared then.
        Never a failure: the records are saved by now."""
        with contextlib.suppress(sqlite3.Error, OSError):
            self._clear(draft_id)

    def _clear(self, draft_id: str | None) -> None:
        for row in self._database.rows(
            "select sha256 from plain_photo where sha256 not in (select sha256 from media_file)"
        ):
            self._media.path(row["sha256"]).unlink(missing_ok=True)
        with self._database.transaction() as connection:
            connection.execute("delete from plain_photo")
        if draft_id is not None:
            for copy in self._copies():
                _without_draft(copy, draft_id)
        self._database.settle()

    def _copies(self) -> Iterator[Path]:
        """Copies of the store, made each day and before upgrades: they hold the drafts of their time."""
        for path in self._database.path.parent.rglob(f"{self._database.path.stem}*.sqlite3"):
            if path != self._database.path:
                yield path


def _without_draft(path: Path, draft_id: str) -> None:
    """One that cannot be read is nobody's help any more, and is left as it is."""
    with (
        contextlib.suppress(sqlite3.DatabaseError),
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as copy,
    ):
        copy.execute("pragma secure_delete = on")
        copy.execute("pragma foreign_keys = on")
        copy.execute("delete from draft where draft_id = ?", (draft_id,))
        copy.execute("delete from track_point where event_id = ?", (draft_id,))
