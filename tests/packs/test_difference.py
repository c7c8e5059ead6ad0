"""The difference and the whole file bring a tablet to the same content, whatever changed."""

import contextlib
import gzip
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from mobile.species.pack import PackUnreadable, read_pack
from mobile.species.proof import PackRefused, prove
from mobile.species.update import apply_difference
from server.packs.difference import difference
from shared.taxon_pack import TABLES, Row, content_digest
from tests.packs.building import NEXT, SMALL, VERSION, contents, make


def rows_of(path: Path) -> dict[str, list[Any]]:
    with contextlib.closing(sqlite3.connect(path)) as pack:
        return {table.name: pack.execute(table.select).fetchall() for table in TABLES}


@settings(max_examples=60, deadline=None)
@given(contents(), contents())
def test_a_difference_equals_the_whole(before: dict[str, list[Row]], after: dict[str, list[Row]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        old, new, updated = (Path(name) / part for part in ("old", "new", "updated"))
        make(old, before)
        whole = make(new, after, NEXT)
        apply_difference(old, difference(old, new), updated)
        assert rows_of(updated) == rows_of(new)
        assert prove(updated, None, None) == whole
        assert read_pack(updated) == read_pack(new)


def test_it_holds_only_what_changed(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    make(old, SMALL)
    make(
        new,
        {**SMALL, "taxon": [*SMALL["taxon"][:2], (3, "t3", "genus", "Aves", "Ardeidae", "鸟类", "II", 0, 0, None)]},
        NEXT,
    )
    told = json.loads(gzip.decompress(difference(old, new)))
    assert {
        table: {k: len(v) for k, v in changes.items() if v}
        for table, changes in told["tables"].items()
        if any(changes.values())
    } == {"taxon": {"put": 1}}
    assert (told["from"], told["to"]) == (VERSION, NEXT)


def test_a_difference_from_another_version_or_no_difference_at_all(tmp_path: Path) -> None:
    old, new, other = tmp_path / "old", tmp_path / "new", tmp_path / "other"
    make(old, SMALL)
    make(other, SMALL, "2026-01-01.1")
    make(new, SMALL, NEXT)
    with pytest.raises(PackUnreadable, match=r"不是从平板上的版本 2026-11-27\.900 算起的"):
        apply_difference(old, difference(other, new), tmp_path / "updated")
    packed = difference(old, new)
    cases = (b"", b"rubbish", packed[: len(packed) // 2], gzip.compress(b"[]"), gzip.compress(b'{"pack":{}}'))
    for broken in cases:
        with pytest.raises(PackUnreadable):
            apply_difference(old, broken, tmp_path / "updated")


def test_a_difference_that_lies_is_found_out(tmp_path: Path) -> None:
    old, new, updated = tmp_path / "old", tmp_path / "new", tmp_path / "updated"
    make(old, SMALL)
    make(new, {**SMALL, "lookalike": []}, NEXT)
    told = json.loads(gzip.decompress(difference(old, new)))
    told["tables"]["lookalike"]["drop"].pop()
    apply_difference(old, gzip.compress(json.dumps(told).encode()), updated)
    with pytest.raises(PackRefused, match="内容与其摘要不符"):
        prove(updated, None, None)


def test_a_bomb_costs_no_more_than_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "old", SMALL)
    monkeypatch.setattr("mobile.species.update.MAX_DIFFERENCE_BYTES", 1000)
    with pytest.raises(PackUnreadable, match="内容过大"):
        apply_difference(tmp_path / "old", gzip.compress(b" " * 100_000), tmp_path / "updated")


@settings(max_examples=40, deadline=None)
@given(contents())
def test_the_order_of_rows_does_not_show(rows: dict[str, list[Row]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        one, two = Path(name) / "one", Path(name) / "two"
        make(one, rows)
        make(two, {table: list(reversed(given)) for table, given in rows.items()})
        assert one.read_bytes() == two.read_bytes()
        with contextlib.closing(sqlite3.connect(one)) as pack:
            pack.execute("PRAGMA page_size = 8192")
            pack.execute("VACUUM")
            assert content_digest(pack) == prove(two, None, None).content_digest, "whatever SQLite makes of its pages"
