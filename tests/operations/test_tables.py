"""No table without a writer, a reader and a test: looked for in the text of the rooms and of the tests."""

import re
from pathlib import Path

import pytest

from server import db
from tests.house.tree import ROOT
from tests.operations.test_models import load_models

# Each occurs as the class of its model or by its name in SQL.
_WRITES = (
    r"insert\({model}\b|\bput\(session, {model}\b|\b{model}\(|_upsert\(session, {model}\b|insert\(\s*(?:session,\s*)?\"{table}\"|"
    r"(?:INSERT INTO|UPDATE) (?:xiangye\.|precise\.)?{table}\b"
)
_READS = (
    r"select\([^)]*\b{model}\b|(?:get|get_one|scalars|query)\({model}\b|update\({model}\b|"
    r"(?<!DELETE )(?:FROM|JOIN) (?:xiangye\.|precise\.)?{table}\b"
)
_TESTS = r"\b{model}\b|\b{table}\b"
# Its one row is made with the table; the others are kept by triggers and functions of the database itself (0013, 0025).
_BY_MIGRATION = {"server_state", "scope", "shown_record", "record_scope", "list_writing"}
# Written with each record for readers who ask by row; the reports read merged bodies. Whoever reads one takes it off this list.
_UNREAD = {"event_participant", "event_geometry"}
PRECISE = (
    "version_body",
    "place",
    "event_geometry",
    "event_link",
    "track_point",
    "raw_batch",
    "quarantine",
    "restamped_place",
    "media_position",
    "sealed_version",
)


def texts(room: str, leave_out: tuple[str, ...]) -> dict[Path, str]:
    return {
        path: path.read_text(encoding="utf-8")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name not in leave_out and "__pycache__" not in path.parts
    }


SERVER = texts("server", ("model.py",))
ROOMS = {path: body for path, body in SERVER.items() if "migrations" not in path.parts}
MIGRATIONS = {path: body for path, body in SERVER.items() if "migrations" in path.parts}
TESTS = texts("tests", (Path(__file__).name,))


def modelled() -> list[tuple[str, str]]:
    load_models()
    return sorted((mapper.class_.__name__, mapper.class_.__tablename__) for mapper in db.Base.registry.mappers)


def without(pattern: str, tables: list[tuple[str, str]], bodies: dict[Path, str]) -> list[str]:
    """The tables for which no module holds what the pattern asks for."""
    found = []
    for model, table in tables:
        wanted = re.compile(pattern.format(model=model, table=table))
        if not any(wanted.search(body) for body in bodies.values()):
            found.append(table)
    return found


@pytest.fixture(scope="module")
def tables() -> list[tuple[str, str]]:
    return modelled() + [("NoModel", table) for table in PRECISE]


def test_the_tables_of_precise_are_these() -> None:
    made = {name for body in MIGRATIONS.values() for name in re.findall(r"CREATE TABLE precise\.(\w+)", body)}
    assert made == set(PRECISE)


def test_every_table_has_a_writer(tables: list[tuple[str, str]]) -> None:
    assert set(without(_WRITES, tables, ROOMS)) == _BY_MIGRATION
    assert without(_WRITES, [(m, t) for m, t in tables if t in _BY_MIGRATION], MIGRATIONS) == []


def test_every_table_has_a_reader(tables: list[tuple[str, str]]) -> None:
    assert set(without(_READS, tables, ROOMS)) == _UNREAD


def test_every_table_has_a_test(tables: list[tuple[str, str]]) -> None:
    assert without(_TESTS, tables, TESTS) == []


def test_a_table_that_nobody_uses_is_noticed() -> None:
    for pattern, bodies in ((_WRITES, ROOMS), (_READS, ROOMS), (_TESTS, TESTS)):
        assert without(pattern, [("Forgotten", "forgotten_things")], bodies) == ["forgotten_things"]
