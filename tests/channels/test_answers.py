"""No answer in any other room tells a planted place: history, queues, errors, search, names, what goes down to tablets (L14–L19, L21, L23)."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.sensitivity.words import tells_position
from tests.channels.planted import WORDS, World
from tests.house.tree import ROOT
from tests.scopes.ground import Caller
from tests.sensitivity.forms import byte_forms_of, forms_of
from tests.serving import Live

_LISTS = (
    "occurrences",
    "events",
    "patrols",
    "findings",
    "surveys",
    "verification/queue",
    "precise-grants",
    "exports",
    "places",
    "taxa?q=穿山甲",
)
_OF_ONE = ("", "/history", "/identifications")


@pytest.fixture(scope="module")
def forms(world: World) -> frozenset[str]:
    """To the last digit, since open birds sit around each find."""
    spelled = {form for find in world.finds for form in forms_of(find.latitude_e7, find.longitude_e7) if len(form) > 9}
    digits = {repr(value / 1e7) for find in world.finds for value in (find.latitude_e7, find.longitude_e7)}
    return frozenset(spelled | {form for form in digits if len(form) > 9} | {WORDS})


def found_in(answer: str, forms: frozenset[str]) -> set[str]:
    return {form for form in forms if form in answer}


def harvest(caller: Caller) -> Iterator[tuple[str, str]]:
    """(path, answer) of every list, and of guarded records one by one."""
    guarded: list[str] = []
    for path in _LISTS:
        answer = caller.get(path, **({} if "?" in path or path in ("places",) else {"limit": 100}))
        yield path, answer.text
        if path == "occurrences":
            guarded = [one["id"] for one in answer.json()["items"] if one["level"]]
    for id_ in guarded[:20]:
        for path in (*(f"occurrences/{id_}{of_one}" for of_one in _OF_ONE), f"verification/records/{id_}"):
            yield path, caller.get(path).text
        yield "media", caller.get("media", record=id_).text


@pytest.mark.parametrize("who", ["county", "province", "field"])
def test_no_list_history_queue_or_detail_tells_a_planted_place(
    callers: Mapping[str, Caller], forms: frozenset[str], who: str
) -> None:
    """L14, L15: every version, every notice, every queue is told from the disclosed view alone."""
    answers = list(harvest(callers[who]))
    assert len(answers) > 20
    assert [(path, found) for path, answer in answers if (found := found_in(answer, forms))] == []


def test_the_search_of_answers_finds_a_planted_leak(
    callers: Mapping[str, Caller], live_world: Live, world: World, forms: frozenset[str]
) -> None:
    """L14: the control: one remark of one open bird tells a find's place on purpose, and the same search finds it."""
    find = world.finds[0]
    leak = f"{find.latitude_e7 / 1e7:.7f}"
    from server.db import open_session

    with open_session(live_world.settings) as session:
        id_ = session.execute(
            text("SELECT id FROM occurrence WHERE occurrence_remarks IS NULL AND access_class = 'internal' LIMIT 1")
        ).scalar_one()
        session.execute(
            text("UPDATE occurrence SET occurrence_remarks = :leak WHERE id = :id"), {"leak": leak, "id": id_}
        )
    try:
        assert found_in(callers["province"].get(f"occurrences/{id_}").text, forms)
    finally:
        with open_session(live_world.settings) as session:
            session.execute(text("UPDATE occurrence SET occurrence_remarks = NULL WHERE id = :id"), {"id": id_})


_BAD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("occurrences", {"bbox": "112.9,25.1,112.8,25.2"}),
    ("occurrences", {"bbox": "nonsense"}),
    ("occurrences", {"sort": "latitude"}),
    ("occurrences", {"county": "999999"}),
    ("occurrences", {"after": "bm90IG91cnM"}),
    ("occurrences", {"limit": "100000"}),
    ("events", {"year": "-1"}),
    ("tiles/occurrences/25/1/1", {}),
    ("precise-grants", {"waiting": "perhaps"}),
)


@pytest.mark.parametrize(("path", "query"), _BAD)
def test_no_error_tells_more_than_its_code(
    callers: Mapping[str, Caller], forms: frozenset[str], path: str, query: dict[str, Any]
) -> None:
    """L17: a refusal names the field and never the place."""
    for caller in callers.values():
        answer = caller.get(path, **query)
        assert answer.status_code < 500
        assert not found_in(answer.text, forms)


def test_a_guarded_record_s_own_id_answers_like_none(callers: Mapping[str, Caller], world: World) -> None:
    """L17, L19: whoever learnt the tablet's id of a find cannot ask for it, by any route, and the answer is that of a missing one."""
    for path in (
        "occurrences/{}",
        "occurrences/{}/history",
        "occurrences/{}/identifications",
        "occurrences/{}/place",
        "verification/records/{}",
    ):
        known = callers["province"].get(path.format(world.finds[0].id))
        missing = callers["province"].get(path.format(uuid4()))
        assert known.status_code == missing.status_code, path
        assert known.json() == missing.json()


def test_shown_ids_of_guarded_records_tell_neither_time_nor_order(rows: Session, world: World) -> None:
    """L19: the tablet's id holds the millisecond of the tap; the shown one is random, and so is its place in a list."""
    shown = {
        str(row.id): row
        for row in rows.execute(text("SELECT id, shown_id, listed_on, listing_key FROM shown_record WHERE level > 0"))
    }
    finds = [shown[find.id] for find in world.finds]
    assert {row.shown_id.version for row in finds} == {4}
    assert all(row.shown_id != row.id for row in finds)
    assert not {row.shown_id for row in finds} & {UUID(find.id) for find in world.finds}
    in_order = sum(one.listing_key < other.listing_key for one, other in pairwise(finds))
    assert 60 < in_order < 140, "keys are drawn, not counted"
    assert {row.listed_on.day for number, row in enumerate(finds) if number % 3 < 2} == {1}


@pytest.mark.parametrize("asked", [WORDS, "老鸦岩", "25.1", "石壁沟"])
def test_no_search_finds_a_record_by_the_name_of_its_place(callers: Mapping[str, Caller], asked: str) -> None:
    """L18: taxa and places are searched, words of records never are."""
    for path in ("taxa", "places"):
        answer = callers["province"].get(path, q=asked)
        assert answer.status_code in (200, 422)
        assert WORDS not in answer.text and "老鸦岩" not in json.dumps(
            answer.json().get("items", []), ensure_ascii=False
        )


def test_a_reader_s_tablet_gets_nothing_of_another_s_finds(live_world: Live, world: World) -> None:
    """L21: what goes down to a tablet that only reads, byte for byte: changes, session, pack."""
    from server.accounts.service import enrol, issue_code
    from server.db import open_session
    from tests.admitting import CLOCK
    from tests.people import person

    with open_session(live_world.settings) as session:
        reader = person(session, "surveyor")
        _, credential = enrol(session, CLOCK, issue_code(session, CLOCK, reader.id), uuid4(), "读者平板", "0.1.0")
    borne = {"Authorization": f"Bearer {credential}"}
    got = [
        requests.get(f"{live_world.url}/v1/{path}", headers=borne, timeout=60)
        for path in ("sync/session", "sync/changes?cursor=0", "packs/taxa")
    ]
    assert [answer.status_code for answer in got] == [200, 200, 200]
    assert got[1].json()["changes"] == []
    down = b"\n".join(answer.content for answer in got)
    leaked = {
        form for find in world.finds for form in byte_forms_of(find.latitude_e7, find.longitude_e7) if form in down
    }
    assert leaked == set()
    assert WORDS.encode() not in down


def test_a_receipt_tells_no_place(live_world: Live, world: World) -> None:
    """L14: sent again, a guarded record is told to be there already, and no more."""
    receipts = "receipts"
    from tests.records import PANGOLIN, occurrence

    place = {"latitude_e7": 251234567, "longitude_e7": 1129876543, "source": "gnss"}
    sent = occurrence(taxon=PANGOLIN, place=place, occurrence_remarks=WORDS)
    answers = [live_world.post_batch(sent) for _ in range(2)]
    assert [answer.json()[receipts][0]["outcome"] for answer in answers] == ["accepted", "already_have"]
    told = "".join(answer.text for answer in answers)
    assert not any(form in told for form in (*forms_of(251234567, 1129876543), WORDS))


def test_fixtures_are_made_and_never_real() -> None:
    """L23: no file of data that is kept with the tests holds a position; places in tests are drawn by a seed or written in code. The golden
    outboxes hold what their script made the apps of their day record."""
    every = [path for path in (ROOT / "tests").rglob("*.*") if not path.is_relative_to(ROOT / "tests/sync/golden")]
    kept = [path for path in every if path.suffix in (".csv", ".json", ".geojson", ".txt", ".gpx", ".kml", ".tsv")]
    told = [str(path.relative_to(ROOT)) for path in kept if tells_position(path.read_text("utf-8", errors="replace"))]
    assert told == ["tests/shared/golden_records.json"], "vectors of digests, whose one place is tests/records.MANGSHAN"
    files = (".gpkg", ".sqlite", ".sqlite3", ".dump", ".sql", ".jpg", ".zip")
    binary = [path.name for path in every if path.suffix in files]
    assert binary == []


def test_the_store_keeps_exact_places_apart(live_world: Live) -> None:
    """L23: what a copy of the readable schema would hold: no exact place (test_gate.py looks through every table); and the store's
    folder of exact files is the owner's alone."""
    folder = Path(live_world.settings.store_dir) / "precise"
    assert not folder.exists() or folder.stat().st_mode & 0o077 == 0
