"""P1, T9: what was recorded on a walk that nobody ended, and a form that nobody saved, come to the province with the rescue."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from mobile.rescue.writing import rescue
from server.rescue.service import import_rescue
from shared.notices import TRACK
from shared.rescue_file import Reader
from tests.admitting import CLOCK
from tests.mobile.tablets import Tablet
from tests.mobile.test_capture import walk
from tests.rescue.test_rescue import everything_in, tools_of
from tests.rescue.wards import at_province, copied, enrolled
from tests.serving import Live


def _begin(made: Tablet) -> str:
    """A patrol with a pause, a finding and a photo; a transect with one of its two targets seen; an open form with a photo."""
    app = made.app
    app.recorder.notices.accept(TRACK, "duty")
    app.notice.open()
    made.stand(112.92, 24.95)
    assert app.patrol.start("天台山")
    walk(made, 12)
    assert app.patrol.open_finding()
    app.patrol.finding.set_field("finding_type", "snare")
    app.patrol.finding.set_field("action_taken", "拆除")
    assert app.patrol.finding.confirm(), app.patrol.finding.message
    assert app.patrol.take_photo("IMG_0.jpg"), app.patrol.message
    assert app.transect.start("样线", [app.transect.picker.by_name("白鹭"), app.transect.picker.by_name("苍鹭")])
    assert app.transect.add_species(app.transect.picker.by_name("白鹭"), 3)
    walk(made, 12, start=24.96)
    app.record.open(fresh=True)
    assert app.record.choose_name("苍鹭") and app.record.set_count(4) and app.record.take_photo("IMG_1.jpg")
    app.flush()
    assert app.patrol.patrol.draft_id is not None
    return app.patrol.patrol.draft_id


def _records_in(file: Path) -> list[dict[str, Any]]:
    """Of a rescue file in clear."""
    whole: dict[int, bytes] = {}
    with file.open("rb") as opened:
        for piece in Reader(opened).pieces(lambda _, frame: frame):
            whole[piece.entry] = whole.get(piece.entry, b"") + piece.data
    entries = [json.loads(data) for data in whole.values() if data.startswith(b'{"batch_id"')]
    return [record for batch in entries for record in batch["records"]]


def test_open_walks_arrive_as_records_and_forms_as_they_stand(province: Live, tmp_path: Path, stick: Path) -> None:
    settings = province.settings
    with enrolled(province, tmp_path) as made:
        patrol, walked = _begin(made), made.app.patrol.point_count
        folder = tmp_path / "tablet"
        untouched = everything_in(folder)
        done = rescue(folder, stick, tools_of(folder))
        assert everything_in(folder) == untouched and done.path is not None
        assert (done.walks, done.drafts, done.unread) == (2, 1, [])
        assert any("2 次没有结束的巡护或样线" in line for line in done.lines())
        before = at_province(settings)
        imported = import_rescue(settings, CLOCK, done.path)
        assert imported.outcomes["accepted"] == done.records
        came = at_province(settings).versions - before.versions
        assert len(came) == done.records
        assert len(at_province(settings).photos - before.photos) == 1
        scraps = [path.read_bytes() for path in (settings.store_dir / "rescue" / "scraps").iterdir()]
        assert any(b'"count": 4' in scrap and "苍鹭".encode() in scrap for scrap in scraps)
        assert (tmp_path / "shots" / "IMG_1.jpg").read_bytes() in scraps
        assert sum("是平板上没有保存的草稿" in note for note in imported.notes) == 2

        again = rescue(folder, tmp_path, tools_of(folder), in_clear=True)
        assert again.path is not None
        told = _records_in(again.path)
        assert Counter(one["kind"] for one in told) == {
            "finding": 1, "patrol": 1, "track_segment": 1, "media": 1, "event": 1, "occurrence": 1
        }  # fmt: skip
        [ended] = [one["body"] for one in told if one["kind"] == "patrol"]
        assert "由救援导出" in ended["event_remarks"] and ended["nil_report"] is False
        [track] = [one["body"] for one in told if one["kind"] == "track_segment"]
        assert len(track["points"]) == walked > 20 and track["patrol_id"] == patrol
        [seen] = [one["body"] for one in told if one["kind"] == "occurrence"]
        assert seen["individual_count"] == 3, "nothing is said of the target that was not seen yet"
        assert import_rescue(settings, CLOCK, again.path).outcomes["already_have"] == again.records == done.records

        # The tablet comes back to life, and its ranger walks on and ends it: nothing is there twice.
        made.restart().start()
        made.wait(900)
        walk(made, 3, start=24.962)
        assert made.app.patrol.point_count > walked and made.app.patrol.end() and made.app.transect.end()
        made.app.sync.sync()
        assert made.app.store.outbox.standing().waiting == 0
        ids = Counter(record_id for record_id, _ in at_province(settings).versions - before.versions)
        kept = {row[0] for row in made.app.store.database.rows("select record_id from record")}
        assert ids.keys() == kept, "the same records, some in two versions"


def test_what_cannot_be_closed_goes_along_as_it_stands(province: Live, tmp_path: Path, stick: Path) -> None:
    """No survey is chosen any more, so no record can be made: the track is not left behind."""
    with enrolled(province, tmp_path) as made:
        _begin(made)
        walks = made.app.patrol.point_count, len(made.app.transect.transect.track())
        made.app.store.surveys.replace([])
        broken = copied(tmp_path / "tablet", tmp_path / "broken")
        done = rescue(broken, stick, tools_of(broken))
        assert done.path is not None and (done.walks, done.drafts) == (0, 3)
        assert sum("没有结束成记录，原样另存" in words for words in done.unread) == 2
        imported = import_rescue(province.settings, CLOCK, done.path)
        scraps = [path.read_bytes() for path in (province.settings.store_dir / "rescue" / "scraps").iterdir()]
        tracks = [json.loads(scrap)["track"] for scrap in scraps if scrap.startswith(b'{\n "draft_id"')]
        assert set(walks) <= set(map(len, tracks)) and imported.scraps == 5
