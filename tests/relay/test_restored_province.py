"""P1, P6, P7: a province that fails over one thing, and one that was put back from a backup (the last of the room: others count what came)."""

from functools import partial
from typing import Any

import pytest

from mobile.sync.enrolment import begin_anew
from server.db import open_session
from server.ledger.service import begin_epoch
from server.station.passing import NoLine
from server.sync import routes
from tests.relay.ways import Way
from tests.rescue.wards import at_province, on_tablet, sightings, states


def test_a_batch_over_which_the_province_fails_holds_up_no_other(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: it waits with the reason; where everything fails, one pass asks twice and no more."""
    for _ in range(2):
        sightings(way.tablet, 1)
        assert not way.visit().problems
    take = routes.service.accept_batch
    first = way.tablet.app.store.database.rows("select record_id from record order by seq")[0]["record_id"]
    asked: list[bytes] = []

    def fails_over(
        ids: tuple[str, ...], session: Any, actor: Any, clock: Any, holder: str, body: bytes, *rest: Any
    ) -> Any:
        asked.append(body)
        if any(one.encode() in body for one in ids):
            raise RuntimeError("what this batch meets")
        return take(session, actor, clock, holder, body, *rest)

    monkeypatch.setattr(routes.service, "accept_batch", partial(fails_over, (first,)))
    assert [words for words in way.station.pass_on().problems if "500" in words], "named"
    assert way.waiting() == 1 and "500" in way.station.command("status").stdout
    sightings(way.tablet, 2)
    assert not way.visit().problems
    asked.clear()
    monkeypatch.setattr(routes.service, "accept_batch", partial(fails_over, ("records",)))
    with pytest.raises(NoLine, match="500"):
        way.station.pass_on()
    assert len(asked) == 2
    monkeypatch.undo()
    way.pass_on()
    assert way.waiting() == 0 and on_tablet(way.tablet).versions <= at_province(way.live.settings).versions


def test_after_a_restore_of_the_province_all_goes_over_the_station_once_more(way: Way) -> None:
    """P1, P7: the station gave its own copy up when the province had signed for it, and the province has lost it since."""
    sightings(way.tablet, 3, photos=1)
    assert not way.visit().problems
    way.pass_on()
    with open_session(way.live.settings, "owner") as session:
        epoch = begin_epoch(session)
    sightings(way.tablet, 1)
    assert not way.visit().problems
    way.pass_on()
    assert "恢复" in "".join(way.visit().problems), "signed in an epoch of which it has not heard"
    begin_anew(way.tablet.app.store)  # it heard of that over its own thin line, which broke
    way.tablet.app.store.identity.keep(server_epoch=str(epoch))
    report = way.visit()
    assert "恢复" in "".join(report.problems), "what was signed before tells nothing now"
    assert (report.receipts["already_have"], report.sent) == (1, 4), "what was signed since is believed now"
    assert way.waiting() == 5, "the photo too"
    way.pass_on()
    assert not way.visit().problems
    assert set(states(way.tablet)) == {"held"} and way.tablet.app.store.media.waiting_count() == 0
    assert way.visit().sent == 0 and way.waiting() == 0
