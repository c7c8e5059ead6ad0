"""`kill -9` of the whole server in the middle of sync, again and again: nothing lost, nothing twice, no half record."""

import json
import random
from pathlib import Path

import pytest

from tests.faults.agreement import BATCH, CREATE, PATCH, agrees_in_the_end, agrees_so_far, struck
from tests.faults.conftest import Evening
from tests.faults.field_day import PHOTOS, SIGHTINGS
from tests.faults.ledgers import read_tablet
from tests.faults.relay import Cut

pytestmark = pytest.mark.xdist_group("kills")


def kill_points(seed: int) -> list[Cut]:
    """In the order in which a day is sent: each sync gets a little further before it is struck."""
    chance = random.Random(seed)
    return [
        Cut(BATCH, after=chance.randrange(400, 4000)),
        Cut(BATCH, after_s=chance.uniform(0.02, 0.25)),
        Cut(BATCH, side="response", after=0),
        Cut(CREATE, side="response", after=chance.randrange(0, 60)),
        Cut(PATCH, nth=chance.randrange(2, 5), after=chance.randrange(400, 9000)),
        Cut(PATCH, after_s=chance.uniform(0.001, 0.03)),
        Cut(PATCH, nth=chance.randrange(1, 4), side="response", after=0),
        Cut(b"GET /v1/sync/changes", side="response", after=chance.randrange(0, 400)),
    ]


@pytest.mark.parametrize("seed", [20250520])
def test_a_server_killed_at_every_stage_of_a_sync_ends_with_all_of_it_once(
    evening: Evening, tmp_path: Path, seed: int
) -> None:
    book = evening.book()
    mine = read_tablet(evening.data)
    assert (len(mine.photos), mine.kinds["media"]) == (PHOTOS, PHOTOS)
    assert mine.kinds["occurrence"] > SIGHTINGS
    assert book.records() == mine.held == set()
    with struck(evening, tmp_path) as (server, wire, tablet):
        strikes = 0
        for cut in kill_points(seed):
            wire.arm(cut)
            said = tablet.sync()
            if not wire.struck:
                # A kill by the clock may come so late that no photo is left for the next one.
                assert cut.request == PATCH and said.code == 0, (cut, said)
                assert json.loads(said.out)["waiting_photos"] == 0, (cut, said)
                continue
            strikes += 1
            assert "Traceback" not in said.err, said.err
            if said.code != 0:
                assert "未确认的记录和照片都还在平板上" in said.err, (cut, said)
            agrees_so_far(tablet, book, said)
            server.start()
        assert strikes >= len(kill_points(seed)) - 2
        wire.arm(None)
        last = tablet.sync()
        assert last.code == 0, last
        assert json.loads(last.out)["waiting"] == 0
        agrees_in_the_end(tablet, book)
        again = json.loads(tablet.sync().out)
        assert (again["sent"], again["photos"], again["waiting"]) == (0, 0, 0)
        agrees_in_the_end(tablet, book)


def test_an_upload_that_was_whole_when_the_server_died_is_ended_by_asking(evening: Evening, tmp_path: Path) -> None:
    """The narrowest gap: all bytes on the disk, the commit that would say so never made."""
    with struck(evening, tmp_path) as (server, wire, tablet):
        wire.arm(Cut(PATCH, side="response", after=0))
        assert tablet.sync().code != 0
        book = evening.book()
        forget = (
            "UPDATE xiangye.upload SET completed_at = NULL WHERE review_of IS NULL",
            "DELETE FROM xiangye.media_file",
        )
        for sha256 in book.photos():
            original = book.store.folder / "precise" / "original" / sha256[:2] / sha256
            upload = book.only("SELECT id FROM xiangye.upload WHERE completed_at IS NOT NULL AND review_of IS NULL")
            original.rename(book.store.uploads / f"{upload}.part")
        book.run(*forget)
        assert book.photos() == set()
        server.start()
        wire.arm(None)
        last = tablet.sync()
        assert last.code == 0, last
        agrees_in_the_end(tablet, book)
