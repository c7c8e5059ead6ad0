"""A photo's own file may contradict what the tablet said of it: the rules run again when its last byte has come."""

from tests import records
from tests.media.photos import jpeg, photo_of
from tests.media.test_uploads import create, patch
from tests.serving import Live
from tests.verification.reviewing import caller


def test_the_file_itself_is_asked_when_it_has_come(live: Live) -> None:
    """T6: a photo that was taken elsewhere is told to the reviewer, even where the tablet said nothing of its place."""
    here, there = records.occurrence(individual_count=1), records.occurrence(individual_count=2)
    honest, moved = jpeg(), jpeg(latitude_e7=280_000_000)
    live.post_batch(here, there, photo_of([here["id"]], honest), photo_of([there["id"]], moved))
    reviewer = caller(live)
    assert not any(one["flagged"] for one in reviewer.queue())
    for data in (honest, moved):
        assert patch(live, create(live, data), data, 0).status_code == 204
    told = {one["record_id"]: one for one in reviewer.queue()}
    assert [told[one["id"]]["flagged"] for one in (here, there)] == [False, True]
    words = {one["rule_id"]: one["words_zh"] for one in told[there["id"]]["findings"]}
    assert words["photo-match"] == "照片自带的位置与记录位置相差超过 1000 米"
