"""SQLite as the tablet needs it: WAL, synchronous=FULL, one transaction per act of the user, upgrades by number."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mobile.store.durable import CopyFailure, copy_store
from shared.failpoints import fail

UPGRADES = Path(__file__).parent / "upgrades"


class StoreFailure(Exception):
    """The data folder cannot be used; the text says why, in words."""


class Database:
    """One connection per thread: the sync works beside the window."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            upgrade(self.connection(), path)
        except StoreFailure:
            self.close()
            raise
        except PermissionError as error:
            self.close()
            raise StoreFailure(f"没有权限写入数据文件夹 {path.parent}（属于另一个用户？）") from error
        except (OSError, sqlite3.DatabaseError) as error:
            self.close()
            raise StoreFailure(f"无法使用数据文件夹 {path.parent}：{error}") from error

    def connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
            with self._lock:
                self._opened.append(found)
            found.row_factory = sqlite3.Row
            found.execute("pragma journal_mode = wal")
            found.execute("pragma synchronous = full")
            found.execute("pragma foreign_keys = on")
            found.execute("pragma secure_delete = on")  # a draft that was sealed is not to be read from free pages
            self._local.connection = found
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits when the block ends; anything raised in it rolls back all of it."""
        connection = self.connection()
        connection.execute("begin immediate")
        try:
            yield connection
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:  # a full disk may have rolled it back already
                connection.execute("rollback")
            raise

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        return self.connection().execute(query, values).fetchall()

    def count(self, query: str, values: tuple[object, ...] = ()) -> int:
        return int(self.connection().execute(query, values).fetchone()[0])

    def settle(self) -> None:
        """Empties the write-ahead log into the database, unless somebody beside us is reading it just now."""
        self.connection().execute("pragma wal_checkpoint(truncate)").fetchone()

    def close(self) -> None:
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        self._local = threading.local()


def upgrade(connection: sqlite3.Connection, path: Path, folder: Path = UPGRADES) -> None:
    """Runs the numbered SQL files that are still missing, each in one transaction, with a copy of the database kept before. A start
    after one that was cut goes on where it stood and leaves the older copy alone."""
    steps = sorted((int(file.name.split("_")[0]), file) for file in folder.glob("*.sql"))
    newest, at = steps[-1][0], _version(connection)
    if at > newest:
        raise StoreFailure(f"此数据由更新版本的湘野创建（库版本 {at}，本程序 {newest}）：请更新程序，数据未被改动")
    copy = path.with_suffix(f".before{newest}.sqlite3")
    if 0 < at < newest and not copy.exists():
        try:
            copy_store(connection, path, copy)
        except CopyFailure as failure:
            raise StoreFailure(f"数据升级前的备份没有做成，数据未被改动：{failure}") from failure
        fail("store_copied")
    for number, file in steps:
        if number > at:
            fail("upgrade_to_come")
            _run(connection, number, file.read_text(encoding="utf-8"))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])


def _run(connection: sqlite3.Connection, number: int, script: str) -> None:
    """The number is read again where nobody else can write: two starts at once run each file once."""
    connection.execute("begin immediate")
    try:
        if _version(connection) < number:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"pragma user_version = {number}")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def _statements(script: str) -> Iterator[str]:
    """One by one, since `executescript` would commit what was begun before it."""
    *pieces, rest = script.split(";")
    statement = ""
    for piece in pieces:
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if (statement + rest).strip():
        yield statement + rest
