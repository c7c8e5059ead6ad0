"""From an empty cluster to a database with its roles and its newest shape."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql

from server import cluster, db
from server.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(settings: Settings) -> str:
    """Creates what is missing and migrates; returns the revision reached. Safe to repeat."""
    if not settings.database_url:
        private = cluster.of(settings)
        cluster.ensure_running(private)
        make_database(private, cluster.DATABASE)
    return migrate(db.url_for(settings, "owner"))


def migrate(owner_url: str) -> str:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = owner_url
    command.upgrade(config, "head")
    return head_revision()


def head_revision() -> str:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


def current_revision(settings: Settings) -> str | None:
    with db.engine_for(settings, "owner").connect() as connection:
        return MigrationContext.configure(connection, opts={"version_table_schema": db.SCHEMA}).get_current_revision()


def make_database(private: cluster.Cluster, name: str) -> None:
    """On our own cluster we are the administrator; on a real server that is somebody else's work (server/README.md)."""
    with psycopg.connect(
        host=str(private.socket_dir), user="xiangye_cluster", dbname="postgres", autocommit=True
    ) as administrator:
        _make_roles(administrator)
        if administrator.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            administrator.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(db.OWNER_ROLE))
            )
    with psycopg.connect(
        host=str(private.socket_dir), user="xiangye_cluster", dbname=name, autocommit=True
    ) as administrator:
        administrator.execute("CREATE EXTENSION IF NOT EXISTS postgis")


def _make_roles(administrator: psycopg.Connection[tuple[object, ...]]) -> None:
    """The app may take the role `precise`, and does so in one file only; it inherits nothing from it."""
    present = {row[0] for row in administrator.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'xiangye_%%'")}
    for role, options in ((db.OWNER_ROLE, "LOGIN"), (db.PRECISE_ROLE, "NOLOGIN"), (db.APP_ROLE, "LOGIN NOINHERIT")):
        if role not in present:
            administrator.execute(sql.SQL("CREATE ROLE {} " + options).format(sql.Identifier(role)))
    administrator.execute(
        sql.SQL("GRANT {} TO {}").format(sql.Identifier(db.PRECISE_ROLE), sql.Identifier(db.APP_ROLE))
    )
