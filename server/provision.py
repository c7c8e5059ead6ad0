"""From an empty cluster to a database with its roles and its newest shape."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import NullPool, create_engine, text

from server import cluster, db
from server.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"
_PROVISION_LOCK = 0x58590002


class NewerDatabase(ValueError):
    """The database was made by a newer program."""


def upgrade(settings: Settings) -> str:
    """Creates what is missing and migrates; returns the revision reached. Safe to repeat."""
    if not settings.database_url:
        private = cluster.of(settings)
        cluster.ensure_running(private)
        make_database(private, cluster.DATABASE)
    return migrate(db.url_for(settings, "owner"))


def migrate(owner_url: str, revision: str = "head") -> str:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = owner_url
    with _one_at_a_time(owner_url):
        current = _revision_of(owner_url)
        if current is not None and current not in _known_revisions():
            raise NewerDatabase(
                f"数据库版本 {current} 不为本程序所知 (the database was made by a newer program)：请更新程序，数据未被改动"
            )
        command.upgrade(config, revision)
    return head_revision() if revision == "head" else revision


@contextlib.contextmanager
def _one_at_a_time(url: str) -> Iterator[None]:
    """Two commands at once upgrade one after the other."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _PROVISION_LOCK})
        yield


def _known_revisions() -> set[str]:
    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def head_revision() -> str:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


def current_revision(settings: Settings) -> str | None:
    return _revision_of(db.url_for(settings, "owner"))


def _revision_of(owner_url: str) -> str | None:
    with create_engine(owner_url, poolclass=NullPool).connect() as connection:
        return MigrationContext.configure(connection, opts={"version_table_schema": db.SCHEMA}).get_current_revision()


def make_database(private: cluster.Cluster, name: str) -> None:
    """On our own cluster we are the administrator; on a real server that is somebody else's work (server/README.md)."""
    with _administrator(private, "postgres") as administrator:
        administrator.execute("SELECT pg_advisory_lock(%s)", [_PROVISION_LOCK])
        _make_roles(administrator)
        if administrator.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            administrator.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(db.OWNER_ROLE))
            )
        with _administrator(private, name) as inside:
            inside.execute("CREATE EXTENSION IF NOT EXISTS postgis")


def _administrator(private: cluster.Cluster, name: str) -> psycopg.Connection[tuple[object, ...]]:
    url = private.url("xiangye_cluster", name).replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True, options="-c client_min_messages=warning")


def _make_roles(administrator: psycopg.Connection[tuple[object, ...]]) -> None:
    """The app may take the role `precise`, and does so in one file only; it inherits nothing from it."""
    present = {row[0] for row in administrator.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'xiangye_%%'")}
    for role, options in ((db.OWNER_ROLE, "LOGIN"), (db.PRECISE_ROLE, "NOLOGIN"), (db.APP_ROLE, "LOGIN NOINHERIT")):
        if role not in present:
            administrator.execute(sql.SQL("CREATE ROLE {} " + options).format(sql.Identifier(role)))
    administrator.execute(
        sql.SQL("GRANT {} TO {}").format(sql.Identifier(db.PRECISE_ROLE), sql.Identifier(db.APP_ROLE))
    )
