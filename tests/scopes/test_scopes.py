"""In which scopes a record lies, and what each grant lets be seen."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts import scopes
from server.accounts.service import add_person, organisation_named
from server.db import EVERYTHING, look_through
from server.sensitivity import scoping
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK, outcomes, set_up
from tests.places.versions import put_in_force
from tests.scopes.ground import FROG, IN_LINWU, IN_YUELU, LINWU, YIZHANG, YUELU, sent


def lying_in(session: Session, id_: str) -> set[tuple[str, str]]:
    rows = session.execute(
        text(
            "SELECT c.kind, c.code FROM xiangye.record_scope r JOIN xiangye.scope c USING (scope_no) WHERE r.id = :id"
        ),
        {"id": id_},
    )
    return {(row[0], row[1]) for row in rows} - {("province", "")}


def seen(session: Session, numbers: frozenset[int]) -> set[str]:
    look_through(session, numbers)
    found = {str(id_) for id_ in session.scalars(text("SELECT id FROM xiangye.ledger"))}
    look_through(session, EVERYTHING)
    return found


AUTHOR = ("person", records.PERSON)


def test_a_record_lies_in_its_county_with_its_author_and_the_province(reference: Session) -> None:
    set_up(reference)
    (egret,) = sent(reference, records.occurrence())
    assert lying_in(reference, egret["id"]) == {("county", YIZHANG), AUTHOR}
    assert seen(reference, scopes.numbers(reference, "county", YIZHANG)) == {egret["id"]}
    assert seen(reference, scopes.numbers(reference, "prefecture", "431000")) == {egret["id"]}
    assert seen(reference, scopes.numbers(reference, "county", LINWU)) == set()
    assert seen(reference, scopes.numbers(reference, "prefecture", "430100")) == set()
    assert seen(reference, scopes.of_person(reference, UUID(records.PERSON))) == {egret["id"]}


def test_scope_is_by_the_exact_place_though_the_county_shown_may_be_none(reference: Session) -> None:
    set_up(reference)
    (pangolin,) = sent(reference, records.occurrence(taxon=records.PANGOLIN, place=IN_LINWU))
    assert lying_in(reference, pangolin["id"]) == {("county", LINWU), AUTHOR}


def test_a_record_without_a_place_lies_where_its_survey_is(reference: Session) -> None:
    set_up(reference)
    reference.execute(text("UPDATE xiangye.survey SET county_codes = ARRAY['431025', '430104']"))
    (nowhere,) = sent(reference, records.occurrence(place=None))
    assert lying_in(reference, nowhere["id"]) == {("county", LINWU), ("county", YUELU), AUTHOR}
    (somewhere,) = sent(reference, records.occurrence())
    assert lying_in(reference, somewhere["id"]) == {("county", YIZHANG), AUTHOR}


def test_a_record_lies_in_the_organisation_of_its_data_set(reference: Session) -> None:
    set_up(reference)
    bureau = organisation_named(reference, CLOCK, "某县林业局")
    reference.execute(text("UPDATE xiangye.dataset SET organisation_id = :id"), {"id": bureau.id})
    (egret,) = sent(reference, records.occurrence())
    assert ("organisation", str(bureau.id)) in lying_in(reference, egret["id"])
    assert seen(reference, scopes.numbers(reference, "organisation", str(bureau.id))) == {egret["id"]}


def test_a_record_lies_in_the_protected_areas_that_hold_it(reference: Session) -> None:
    set_up(reference)
    version = put_in_force(reference, "protected_area", "made-up")
    reference.execute(
        text("""
        INSERT INTO xiangye.named_place (kind, boundary_version, code, name_zh, status, source, geom)
        VALUES ('protected_area', :version, 'made-up-1', '某保护区', 'verified', 'test',
            ST_Buffer(ST_SetSRID(ST_MakePoint(112.9287654, 24.9512345), 4326), 0.02))
        """),
        {"version": version},
    )
    inside, outside = sent(reference, records.occurrence(), records.occurrence(place=IN_LINWU))
    assert lying_in(reference, inside["id"]) == {("county", YIZHANG), ("area", "made-up-1"), AUTHOR}
    assert seen(reference, scopes.numbers(reference, "area", "made-up-1")) == {inside["id"]}
    assert outside["id"] not in seen(reference, scopes.numbers(reference, "area", "made-up-1"))


def test_a_grant_for_a_group_of_taxa_shows_no_other(reference: Session) -> None:
    set_up(reference)
    egret, frog, pangolin = sent(
        reference,
        records.occurrence(),
        records.occurrence(taxon=FROG),
        records.occurrence(taxon=records.PANGOLIN, place=IN_YUELU),
    )
    assert seen(reference, scopes.numbers(reference, "county", YIZHANG, "鸟类")) == {egret["id"]}
    assert seen(reference, scopes.numbers(reference, "county", YIZHANG, "两栖类")) == {frog["id"]}
    assert seen(reference, scopes.numbers(reference, "province", "430000", "哺乳类")) == {pangolin["id"]}
    assert seen(reference, scopes.numbers(reference, "county", YIZHANG, "没有这一类")) == set()
    assert seen(reference, scopes.numbers(reference, "province", "430000")) == {egret["id"], frog["id"], pangolin["id"]}


def test_the_groups_are_those_of_the_list_of_taxa(reference: Session) -> None:
    known = reference.execute(
        text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'taxon_group_zh_check'")
    ).scalar_one()
    groups = known.split("'")[1::2]
    numbers = [reference.execute(text("SELECT xiangye.group_no(:g)"), {"g": group}).scalar_one() for group in groups]
    assert sorted(numbers) == list(range(1, len(groups) + 1)) and len(groups) < scopes.GROUPS


def test_a_moved_record_changes_its_scopes(reference: Session) -> None:
    set_up(reference)
    (egret,) = sent(reference, records.occurrence())
    moved = records.edited(egret, place=IN_LINWU)
    assert outcomes(reference, moved) == ["accepted"]
    assert lying_in(reference, egret["id"]) == {("county", LINWU), AUTHOR}
    assert seen(reference, scopes.numbers(reference, "county", YIZHANG)) == set()


def test_a_photo_lies_where_its_subjects_lie_in_whatever_order_they_come(reference: Session) -> None:
    set_up(reference)
    here, there = records.occurrence(), records.occurrence(place=IN_LINWU, taxon=records.PANGOLIN)
    photo = records.envelope("media", media_body([here["id"], there["id"]]))
    sent(reference, here, photo)
    assert seen(reference, scopes.numbers(reference, "county", LINWU)) == set()
    sent(reference, there)
    assert lying_in(reference, photo["id"]) == {("county", YIZHANG), ("county", LINWU), AUTHOR}
    assert seen(reference, scopes.numbers(reference, "county", LINWU)) == {there["id"], photo["id"]}
    level, shown = reference.execute(
        text("SELECT level, shown_id FROM xiangye.shown_record WHERE id = :id"), {"id": photo["id"]}
    ).one()
    assert level == 1 and str(shown) != photo["id"]


def test_the_link_of_a_photo_to_a_record_elsewhere_is_not_seen(reference: Session) -> None:
    set_up(reference)
    here, there = records.occurrence(), records.occurrence(place=IN_LINWU)
    sent(reference, here, there, records.envelope("media", media_body([here["id"], there["id"]])))
    look_through(reference, scopes.numbers(reference, "county", LINWU))
    assert list(reference.scalars(text("SELECT subject_id::text FROM xiangye.media_subject"))) == [there["id"]]


def test_a_deleted_record_stands_in_no_list_and_its_author_still_sees_that_it_is_gone(reference: Session) -> None:
    set_up(reference)
    (egret,) = sent(reference, records.occurrence())
    assert outcomes(reference, records.tombstone(egret)) == ["accepted"]
    assert lying_in(reference, egret["id"]) == set()
    assert seen(reference, scopes.of_person(reference, UUID(records.PERSON))) == {egret["id"]}
    assert seen(reference, scopes.numbers(reference, "county", LINWU)) == set()


def test_an_edit_that_waits_for_its_base_is_seen_by_its_author_alone(reference: Session) -> None:
    set_up(reference)
    edit = records.edited(records.occurrence(), individual_count=3)
    assert outcomes(reference, edit) == ["accepted"]
    assert lying_in(reference, edit["id"]) == set()
    assert seen(reference, scopes.of_person(reference, UUID(records.PERSON))) == {edit["id"]}


def test_the_shown_id_of_a_guarded_record_is_another_and_stays(reference: Session) -> None:
    """L19: an id made on the tablet tells when, to the millisecond."""
    set_up(reference)
    egret, pangolin = sent(reference, records.occurrence(), records.occurrence(taxon=records.PANGOLIN))
    shown = scoping.shown_ids(reference, [UUID(egret["id"]), UUID(pangolin["id"])])
    assert shown[UUID(egret["id"])] == UUID(egret["id"])
    first = shown[UUID(pangolin["id"])]
    assert first != UUID(pangolin["id"]) and first.version == 4
    assert outcomes(reference, records.edited(pangolin, individual_count=2)) == ["accepted"]
    assert scoping.shown_ids(reference, [UUID(pangolin["id"])]) == {UUID(pangolin["id"]): first}
    assert scoping.real_ids(reference, [first, uuid7()]) == {first: UUID(pangolin["id"])}


def test_a_guarded_record_stands_in_lists_by_the_month_alone(reference: Session) -> None:
    """L9: neither day nor neighbours of the same day tell when a guarded record came."""
    set_up(reference)
    egret, pangolin = sent(reference, records.occurrence(), records.occurrence(taxon=records.PANGOLIN))
    listed = dict(reference.execute(text("SELECT id::text, listed_on::text FROM xiangye.record_scope")).all())
    assert listed[egret["id"]] == "2025-05-21" and listed[pangolin["id"]] == "2025-05-01"


def test_people_and_organisations_have_numbers_from_the_first_day(reference: Session) -> None:
    someone = add_person(reference, CLOCK, "某人", "某单位")
    assert len(scopes.of_person(reference, someone.id)) == 1
    assert len(scopes.numbers(reference, "organisation", str(someone.organisation_id))) == 1
    assert scopes.of_person(reference, uuid7()) == frozenset()
    assert scopes.numbers(reference, "province", "430000") == EVERYTHING
    assert EVERYTHING.isdisjoint(scopes.numbers(reference, "province", "110000"))


def media_body(subjects: list[str]) -> dict[str, object]:
    return records.observed(subject_ids=subjects, sha256="0" * 63 + "1", byte_count=10, media_type="image/jpeg")
