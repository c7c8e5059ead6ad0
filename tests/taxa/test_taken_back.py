"""A list that takes back what it said: an older text, another region, a wrong Latin name."""

from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from server.taxa import queries
from server.taxa.lists import read_list
from server.taxa.names import taxon_id_for
from server.taxa.service import LISTS_DIR, load_lists
from tests.taxa.agency import AGENCY, PLAIN, animal, hand_in


def test_our_list_that_goes_back_to_what_it_said_is_in_force_again(reference: Session, tmp_path: Path) -> None:
    path = LISTS_DIR / "checklist_rule_members.csv"
    rows = [{key: value for key, value in row.items() if key != "no"} for row in read_list(path).rows[:3]]
    newer = hand_in(tmp_path, rows, id=path.stem, kind="checklist", version="1", region="CN", **PLAIN)
    assert [one.version for one in load_lists(reference, [newer])] == ["1+2"]
    again = {one.list_id: one for one in load_lists(reference)}[path.stem]
    assert (again.version, again.changed) == ("1+3", True)
    assert not any(one.changed for one in load_lists(reference))


def test_a_list_that_speaks_of_another_region_now_is_silent_where_it_spoke_before(
    session: Session, tmp_path: Path
) -> None:
    heron = animal("Ardea cinerea", "苍鹭")
    load_lists(session, [hand_in(tmp_path / "a", [heron])], AGENCY)
    load_lists(session, [hand_in(tmp_path / "b", [heron], region="4331")], AGENCY)
    day = date(2025, 1, 1)
    assert [
        queries.protection(session, taxon_id_for("Ardea cinerea"), "wild", region, day)["protection_class"]
        for region in ("430102", "433101")
    ] == [None, "provincial"]


def test_a_wrong_latin_name_put_right_makes_no_other_species_the_same(reference: Session, tmp_path: Path) -> None:
    """牛蛙 was once written beside 虎纹蛙; it gets no protection by that."""
    wrong = animal("Rana catesbeiana", "虎纹蛙")
    load_lists(reference, [hand_in(tmp_path / "a", [wrong])], AGENCY)
    load_lists(reference, [hand_in(tmp_path / "b", [{**wrong, "scientific_name": "Hoplobatrachus chinensis"}])], AGENCY)
    [bullfrog] = queries.resolve_many(reference, [("Rana catesbeiana", None)])
    assert bullfrog is not None and bullfrog.status == "accepted"
    assert queries.protection(reference, bullfrog)["protection_class"] is None
    renamed = animal("Lithobates novus", "新牛蛙", "", former_names="Rana catesbeiana")
    for folder, row in (("c", animal("Rana catesbeiana", "美洲牛蛙", "")), ("d", renamed)):
        load_lists(reference, [hand_in(tmp_path / folder, [row], id="mine", kind="checklist", **PLAIN)], AGENCY)
    [today] = queries.resolve_many(reference, [("Lithobates novus", None)])
    assert today is not None
    assert queries.coverage(reference, kinds=("invasive",)).matches(today)
