"""Which name and which records count at a cutoff: what was decided by then, and nothing that is doubted or rejected."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.accounts.queries import viewer_of
from server.accounts.rights import VERIFY
from server.accounts.viewer import LOCAL_OPERATOR, Viewer
from server.sensitivity.queries import frozen_records
from server.settings import Settings
from server.snapshots.service import Snapshot, freeze
from server.taxa.queries import by_ids
from server.verification.deciding import Order, decide
from shared.clock import FixedClock, end_of_day_in_china
from tests import records
from tests.admitting import CLOCK, outcomes, set_up
from tests.people import person

NEXT_DAY = FixedClock(datetime(2025, 5, 22, 2, 0, tzinfo=UTC))


def reviewer(session: Session) -> Viewer:
    return viewer_of(session, CLOCK, person(session, "reviewer").id).within(VERIFY)


def at(session: Session, day: str) -> dict[str, Any]:
    cutoff = end_of_day_in_china(day)
    return {one.id: one for one in frozen_records(session, LOCAL_OPERATOR, CLOCK, "test", cutoff)}


def test_the_name_that_counts_is_the_one_decided_by_the_cutoff(reference: Session) -> None:
    set_up(reference)
    record = records.occurrence()
    outcomes(reference, record)
    order = Order("reidentify", name_zh="中白鹭", method="specimen", confidence="确定")
    decide(reference, reviewer(reference), NEXT_DAY, [UUID(record["id"])], order)

    def name(day: str) -> str | None:
        found = at(reference, day)[record["id"]]
        return by_ids(reference, [found.taxon_id])[found.taxon_id].name_zh

    assert (name("2025-05-21"), name("2025-05-22")) == ("白鹭", "中白鹭")
    told = at(reference, "2025-05-22")[record["id"]].review
    assert (told.state, told.decided_by, told.name.method, told.name.confidence) == (
        "reidentified",
        "审核员",
        "specimen",
        "确定",
    )
    assert at(reference, "2025-05-21")[record["id"]].review.state == "pending"


def test_rejected_and_doubted_records_are_no_observations(reference: Session) -> None:
    """T6: of unreviewed flagged records a report counts none; of those that a reviewer accepted, all."""
    set_up(reference)
    mock = {**records.MANGSHAN, "mock": True}
    plain, rejected, doubted, accepted = (
        records.occurrence(individual_count=n, **fields)
        for n, fields in enumerate(({}, {}, {"place": mock}, {"place": mock}), 1)
    )
    outcomes(reference, plain, rejected, doubted, accepted)
    who = reviewer(reference)
    decide(reference, who, NEXT_DAY, [UUID(rejected["id"])], Order("reject", message="不是野生"))
    decide(reference, who, NEXT_DAY, [UUID(accepted["id"])], Order("confirm"))

    def counting(day: str) -> set[str]:
        return {id_ for id_, one in at(reference, day).items() if one.review.counts}

    assert counting("2025-05-21") == {plain["id"], rejected["id"]}
    assert counting("2025-05-22") == {plain["id"], accepted["id"]}


def test_an_edit_of_the_name_takes_the_reviewers_name_away(reference: Session) -> None:
    set_up(reference)
    record = records.occurrence()
    outcomes(reference, record)
    decide(reference, reviewer(reference), CLOCK, [UUID(record["id"])], Order("reidentify", name_zh="中白鹭"))
    outcomes(reference, records.edited(record, taxon={"name_zh": "牛背鹭"}))
    found = at(reference, "2025-05-22")[record["id"]]
    assert (found.review.state, found.review.name) == ("pending", None)
    assert by_ids(reference, [found.taxon_id])[found.taxon_id].name_zh == "牛背鹭"


def _freeze(session: Session, settings: Settings, day: date) -> Snapshot:
    parameters = {"counties": ["431022"], "profile": "hunan-county/1"}
    return freeze(session, LOCAL_OPERATOR, CLOCK, settings, "baseline", parameters, day)


def test_a_snapshot_says_what_it_left_out_and_why(reference: Session, tmp_path: Any) -> None:
    set_up(reference)
    settings = Settings(var_dir=tmp_path)
    kept, doubted = records.occurrence(), records.occurrence(place={**records.MANGSHAN, "mock": True})
    outcomes(reference, kept, doubted)
    frozen = _freeze(reference, settings, date(2025, 5, 21))
    assert [one.id for one in frozen.records] == [kept["id"]]
    assert [(one.id, one.why, one.rules) for one in frozen.context.left_out] == [
        (doubted["id"], "flagged", ("mock-position",))
    ]
    assert "有疑点尚未审核的1条" in frozen.context.left_out_zh
    decide(
        reference,
        reviewer(reference),
        FixedClock(CLOCK.now() + timedelta(minutes=1)),
        [UUID(doubted["id"])],
        Order("confirm"),
    )
    later = _freeze(reference, settings, date(2025, 5, 21))
    assert {one.id for one in later.records} == {kept["id"], doubted["id"]}
    assert (later.context.left_out, later.digest == frozen.digest) == ((), False)
