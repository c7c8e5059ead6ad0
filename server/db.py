"""The plain declarative base, engines and sessions; no Flask here."""

import contextlib
import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Text,
    any_,
    create_engine,
    event,
    literal,
    text,
)
from sqlalchemy.engine import Result
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session, registry, sessionmaker

from server import cluster
from server.settings import Settings

SCHEMA = "xiangye"
PRECISE = "precise"
APP_ROLE = "xiangye_app"
PRECISE_ROLE = "xiangye_precise"
OWNER_ROLE = "xiangye_owner"

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


ENGINE_OPTIONS: Mapping[str, Any] = {
    "pool_pre_ping": True,
    # No jit: to compile a statement of a batch takes 0.3 s, to run it a tenth of that, since planners take what the walls hide for much.
    "connect_args": {"options": "-c timezone=UTC -c jit=off"},
}
"""Of every connection, whoever makes the engine."""
_PREPARED = 300


class Base(DeclarativeBase):
    # The map lies in the registry: Flask-SQLAlchemy makes a base of its own of this one, which may not bring a second.
    registry = registry(metadata=MetaData(schema=SCHEMA, naming_convention=NAMING), type_annotation_map={str: Text})


def url_for(settings: Settings, role: str = "app") -> str:
    """`role` is app (web, worker, commands) or owner (migrations only)."""
    if settings.database_url:
        return settings.owner_url or settings.database_url if role == "owner" else settings.database_url
    private = cluster.of(settings)
    cluster.ensure_running(private)
    return private.url(OWNER_ROLE if role == "owner" else APP_ROLE)


def engine_for(settings: Settings, role: str = "app") -> Engine:
    return _engine(url_for(settings, role))


@event.listens_for(Engine, "connect")
def _keep_statements(connection: Any, _record: Any) -> None:
    """Prepared, and with them their plans: a batch and its request are about a hundred, which is all that the driver keeps by itself, and
    who takes them in turn would find none of them kept."""
    connection.prepared_max = _PREPARED


@functools.cache
def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=4, max_overflow=8, **ENGINE_OPTIONS)
    event.listen(engine, "connect", _find_tables)
    return engine


def _find_tables(connection: Any, _record: Any) -> None:
    """Not by the options, which would make ours the schema that reflected tables are told without."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path TO {SCHEMA}, public")
    connection.commit()


def put(
    session: Session,
    table: type[Base] | str,
    rows: Sequence[Mapping[str, Any]],
    conflict: str = "",
    returning: str = "",
) -> Result[Any]:
    """Many rows by one statement, which costs the database and the program a fraction of a row each. All of them have the columns of
    the first; the table's own types read the values. `conflict`: what follows ON CONFLICT."""
    name = table if isinstance(table, str) else str(table.__table__)
    columns = ", ".join(rows[0])
    statement = f"INSERT INTO {name} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb))"
    statement += f" ON CONFLICT {conflict}" if conflict else ""
    statement += f" RETURNING {returning}" if returning else ""
    return session.execute(text(statement), {"rows": as_json(rows)})


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Ids, times and decimals as the words that the database reads them from."""
    return json.dumps([dict(row) for row in rows], ensure_ascii=False, default=str)


def among(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """One of these, given as one array: a statement with a place for each of them is another for every number of them, which program
    and database have to read anew each time."""
    return column == any_(literal(list(values), ARRAY(column.type)))


EVERYTHING = frozenset({0})
"""The scope of the program itself and of its local operator. A session that was given none sees no record at all."""
_SCOPES = "xiangye.scopes"
NOTES = "xiangye.notes"
"""The var folder of a session's program, where it notes what may not be believed of the database alone."""
SEAL_KEYS = "xiangye.seal_keys"
"""The file of the keys that open sealed records: never in the database itself."""


def look_through(session: Session, scopes: Iterable[int]) -> None:
    """From now on this session sees the records of these scopes and no others: row-level security reads the setting."""
    session.info[_SCOPES] = _as_array(scopes)
    if session.in_transaction():
        _set_scopes(session.connection(), session.info[_SCOPES])


@contextlib.contextmanager
def looking_through(session: Session, scopes: Iterable[int]) -> Iterator[None]:
    """For the length of the block: what the program does on its own account while somebody's request is served."""
    before = session.info.get(_SCOPES, "{}")
    if before == _as_array(scopes):
        yield
        return
    look_through(session, scopes)
    try:
        yield
    finally:
        session.info[_SCOPES] = before
        if session.is_active and session.in_transaction() and not is_aborted(session):
            _set_scopes(session.connection(), before)


def is_aborted(session: Session) -> bool:
    """A failed statement has aborted the transaction: nothing can be set in it any more, and its rollback lays all settings down."""
    driver = session.connection().connection.driver_connection
    return driver is not None and driver.info.transaction_status.name == "INERROR"


def _as_array(scopes: Iterable[int]) -> str:
    return "{" + ",".join(map(str, sorted(set(scopes)))) + "}"


def _set_scopes(connection: Connection, scopes: str) -> None:
    connection.execute(text("SELECT set_config(:name, :scopes, true)"), {"name": _SCOPES, "scopes": scopes})


@event.listens_for(Session, "after_begin")
def _begin_within_scopes(session: Session, _transaction: Any, connection: Connection) -> None:
    _set_scopes(connection, session.info.get(_SCOPES, "{}"))


def session_factory(settings: Settings, role: str = "app", notes: bool = True) -> sessionmaker[Session]:
    """Sessions of commands and of the program itself, which see everything. Without `notes` they note nothing outside the database."""
    info = {_SCOPES: _as_array(EVERYTHING), SEAL_KEYS: settings.seal_key_file}
    info |= {NOTES: settings.var_dir} if notes else {}
    return sessionmaker(engine_for(settings, role), expire_on_commit=False, info=info)


@contextlib.contextmanager
def open_session(settings: Settings, role: str = "app") -> Iterator[Session]:
    """One transaction: committed when the block ends well, rolled back whole when it does not."""
    with session_factory(settings, role).begin() as session:
        yield session
