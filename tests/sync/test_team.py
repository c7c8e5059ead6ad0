"""What a tablet is told of colleagues' records: each change once, nothing that is guarded, elsewhere or one's own."""

import random
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server import db
from server.accounts.model import Device
from server.accounts.service import enrol, issue_code
from server.accounts.viewer import Actor
from server.ledger.service import number_changes
from server.sensitivity.model import Relevelling
from server.settings import Settings
from server.surveys.model import Survey
from server.sync import team
from server.sync.admission import admit
from shared.clock import FixedClock
from shared.ids import uuid7
from shared.wire.team import mark
from tests import people, records
from tests.admitting import CLOCK, outcomes, set_up
from tests.scopes.ground import FROG, IN_YIZHANG, IN_YUELU

WRITERS, ROUNDS, SEED = 2, 3, 20271127
PANGOLIN = {"name_zh": "穿山甲", "scientific_name": "Manis pentadactyla"}


@dataclass
class Reader:
    """What a tablet makes of the pages, and nothing else."""

    settings: Settings
    person: UUID
    device: UUID
    cursor: int = 0
    of: str = ""
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)

    def read(self, limit: int = 3, clock: Any = CLOCK) -> None:
        more = True
        while more:
            with db.open_session(self.settings) as session:
                device = session.get_one(Device, self.device)
                ours = team.team_of(session, clock, device)
                if self.of != ours.key:
                    self.of, self.cursor = ours.key, 0
                    self.kept.clear()
                    self.numbers.clear()
                page = team.page(session, ours, device, self.cursor, limit)
                assert self.cursor <= page["cursor"]
            self.pages.append(page)
            self.cursor, more = page["cursor"], page["more"]
            self.numbers += [one["change_no"] for one in page["records"]]
            gone = set(page["gone"])
            self.kept = {id_: one for id_, one in self.kept.items() if mark(id_) not in gone}
            self.kept |= {one["record_id"]: one for one in page["records"]}

    def has_news(self) -> bool:
        with db.open_session(self.settings) as session:
            device = session.get_one(Device, self.device)
            ours = team.team_of(session, CLOCK, device)
            return team.has_news(session, ours, device, self.cursor, self.of)


@pytest.fixture
def reader(reference_settings: Settings) -> Reader:
    with db.open_session(reference_settings) as session:
        set_up(session)
        person, device = people.person(session, "surveyor").id, uuid7()
        enrol(session, CLOCK, issue_code(session, CLOCK, person), device, "平板", "0.1.0")
    return Reader(reference_settings, person, device)


def write(settings: Settings, *sent: Any) -> None:
    with db.open_session(settings) as session:
        assert set(outcomes(session, *sent)) <= {"accepted"}
        number_changes(session)


def frog(**more: Any) -> dict[str, Any]:
    return records.occurrence(**{"taxon": FROG, "place": IN_YIZHANG, **more})


def test_pages_skip_and_repeat_nothing_while_others_write(reader: Reader) -> None:
    """Beginning, editing, deleting, and what is not for this tablet, by several at once; what is kept in the end is what there is."""
    left: dict[str, int] = {}

    def writer(number: int) -> None:
        chance, mine = random.Random(SEED + number), list[dict[str, Any]]()
        for _ in range(ROUNDS):
            fresh = [frog(), frog(taxon=PANGOLIN), frog(place=IN_YUELU)]
            write(reader.settings, *fresh)
            mine.append(fresh[0])
            left[fresh[0]["id"]] = fresh[0]["body"]["individual_count"]
            one = mine.pop(chance.randrange(len(mine)))
            if chance.random() < 0.5:
                write(reader.settings, records.tombstone(one))
                left.pop(one["id"])
            else:
                mine.append(records.edited(one, individual_count=chance.randrange(2, 99)))
                write(reader.settings, mine[-1])

    writers = [threading.Thread(target=writer, args=(number,)) for number in range(WRITERS)]
    for one in writers:
        one.start()
    over = False
    while not over:
        writers[0].join(0.1)
        over = not any(one.is_alive() for one in writers)
        reader.read()
    assert len(left) >= WRITERS
    assert set(reader.kept) == set(left)
    assert reader.numbers == sorted(set(reader.numbers)), "no change is told twice, and none after a later one"
    assert not reader.has_news()
    anew = Reader(reader.settings, reader.person, reader.device)
    anew.read(limit=200)
    assert anew.kept == reader.kept
    assert all(one["name_zh"] == "泽陆蛙" and one["observer"] == "测试员" for one in reader.kept.values())


def test_what_is_told_goes_by_survey_grant_level_and_erasure(reader: Reader) -> None:
    """Each takes away what a tablet holds, by itself; the marks say nothing of records that it was never told."""
    first, second = frog(), frog()
    write(reader.settings, first, second, frog(taxon=PANGOLIN))
    reader.read()
    assert set(reader.kept) == {first["id"], second["id"]}
    told = reader.kept[first["id"]]
    assert (told["county"], told["state"], told["kind"]) == ("宜章县", "pending", "occurrence")
    assert not {"latitude", "longitude", "place"} & told.keys()

    erase = text("UPDATE xiangye.person SET erased_at = :now WHERE id = :id")
    _change(reader.settings, lambda session: session.execute(erase, {"now": CLOCK.now(), "id": UUID(records.PERSON)}))
    assert reader.has_news()
    reader.read()
    assert {one["observer"] for one in reader.kept.values()} == {None}, "whoever had their name taken out"

    write(reader.settings, records.edited(first, taxon=PANGOLIN))
    assert reader.has_news()
    reader.read()
    assert set(reader.kept) == {second["id"]}, "named anew, and guarded since"
    assert first["id"] not in str(reader.pages[-1])

    moved = Relevelling(reason="lists", checked_count=9, moved_count=1, at=CLOCK.now(), by_account="测试")
    _change(reader.settings, lambda session: session.add(moved))
    assert reader.has_news(), "a level that grew stricter is no change of the record"
    reader.read()

    later = FixedClock(CLOCK.now() + timedelta(days=400))
    _change(
        reader.settings,
        lambda session: setattr(session.get_one(Survey, UUID(records.SURVEY)), "ends_on", CLOCK.now().date()),
    )
    reader.read(clock=later)
    assert reader.kept == {}, "a survey that has ended"
    reader.read()
    assert set(reader.kept) == {second["id"]}

    _change(
        reader.settings,
        lambda session: session.execute(
            text("UPDATE xiangye.role_grant SET revoked_at = :now WHERE person_id = :id"),
            {"now": CLOCK.now(), "id": reader.person},
        ),
    )
    assert reader.has_news()
    reader.read()
    assert reader.kept == {}, "the person may read there no longer"
    assert not reader.has_news()


def _change(settings: Settings, do: Any) -> None:
    with db.open_session(settings) as session:
        do(session)


def test_ones_own_record_is_no_colleagues(reader: Reader) -> None:
    """Once the person has written in a record, it comes by the pull of their own."""
    theirs = frog()
    write(reader.settings, theirs)
    reader.read()
    assert set(reader.kept) == {theirs["id"]}
    mine = {**records.edited(theirs, individual_count=9), "author": str(reader.person), "device": str(reader.device)}
    with db.open_session(reader.settings) as session:
        _admit_as(session, reader, mine)
    reader.read()
    assert reader.kept == {}


def _admit_as(session: Session, reader: Reader, record: dict[str, Any]) -> None:
    assert [one.outcome for one in admit(session, Actor(reader.person, reader.device), CLOCK, [record])] == ["accepted"]
    number_changes(session)


def test_a_window_without_anything_for_this_tablet_goes_on(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much others write elsewhere, an answer looks through so many changes and no more, and the cursor moves."""
    monkeypatch.setattr(team, "WINDOW", 2)
    mine = frog()
    write(reader.settings, *(frog(place=IN_YUELU) for _ in range(5)), mine)
    reader.read()
    assert [len(page["records"]) for page in reader.pages] == [0, 0, 1, 0]
    assert set(reader.kept) == {mine["id"]}
