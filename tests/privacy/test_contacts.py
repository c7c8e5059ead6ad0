"""How interviewees, reporters and our own people are reached: under seal, read for a purpose, by whom it concerns."""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.accounts.queries import viewer_of
from server.accounts.rights import MANAGE_PEOPLE
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import look_through
from server.privacy import contacts
from server.privacy.model import Consent, Contact
from server.privacy.sealing import ContactKey, contact_key
from server.settings import Settings
from shared.ids import uuid7
from shared.problems import Problem
from tests.admitting import CLOCK, set_up
from tests.people import person

WORDS = {"name": "龚𬶋", "phone": "13907350001", "address": "莽山脚下", "other": ""}
AGREED = {"kind": "interview", "version": "2026-1", "basis": "consent", "under_14": False, "guardian": False}
ASKED: dict[str, Any] = {"kind": "interviewee", "county_code": "431022", "consent": AGREED}


@pytest.fixture
def key(tmp_path: Path) -> ContactKey:
    return contact_key(Settings(var_dir=tmp_path))


def test_the_database_holds_nothing_readable(reference: Session, key: ContactKey) -> None:
    row = contacts.add(reference, LOCAL_OPERATOR, CLOCK, key, ASKED, WORDS)
    held = reference.execute(text("SELECT to_jsonb(c)::text, c.sealed FROM contact c")).one()
    for word in (WORDS["name"], WORDS["phone"], WORDS["address"]):
        assert word not in held[0]
        assert word.encode() not in bytes(held[1])
    consent = reference.scalars(select(Consent).where(Consent.contact_id == row.id)).one()
    assert (consent.kind, consent.basis, consent.person_id) == ("interview", "consent", None)


def test_each_reading_is_logged_with_its_purpose(reference: Session, key: ContactKey) -> None:
    row = contacts.add(reference, LOCAL_OPERATOR, CLOCK, key, ASKED, WORDS)
    _, words = contacts.read(reference, LOCAL_OPERATOR, CLOCK, key, row.id, "核实访谈内容")
    assert words == {name: word for name, word in WORDS.items() if word}
    entry = reference.execute(
        text("SELECT action, subject, detail FROM audit_entry ORDER BY entry_no DESC LIMIT 1")
    ).one()
    assert tuple(entry) == ("read_contact", str(row.id), {"purpose": "核实访谈内容"})
    assert (
        WORDS["phone"]
        not in reference.execute(text("SELECT string_agg(detail::text, '') FROM audit_entry")).scalar_one()
    )
    for purpose in ("", "   ", "看看"):
        with pytest.raises(Problem, match="用途"):
            contacts.read(reference, LOCAL_OPERATOR, CLOCK, key, row.id, purpose)


def test_a_contact_of_another_county_is_like_none(reference: Session, key: ContactKey) -> None:
    set_up(reference)
    id_ = contacts.add(reference, LOCAL_OPERATOR, CLOCK, key, ASKED, WORDS).id
    for county, seen in (("431022", True), ("431021", False)):
        admin = person(reference, "county_admin", area_code=county)
        viewer = viewer_of(reference, CLOCK, admin.id).within(MANAGE_PEOPLE)
        reference.expire_all()
        look_through(reference, viewer.scopes)
        try:
            if seen:
                assert contacts.read(reference, viewer, CLOCK, key, id_, "核实访谈内容")[1]["phone"]
                with pytest.raises(Problem) as caught:
                    contacts.add(reference, viewer, CLOCK, key, ASKED | {"county_code": "431021"}, WORDS)
                assert caught.value.kind.code == "county_unknown"
            else:
                with pytest.raises(Problem) as caught:
                    contacts.read(reference, viewer, CLOCK, key, id_, "核实访谈内容")
                assert caught.value.kind.code == "not_found"
                assert reference.execute(text("SELECT count(*) FROM contact")).scalar_one() == 0, "the second wall"
        finally:
            look_through(reference, {0})


def test_no_contact_without_consent_and_none_of_a_child_without_its_guardian(
    reference: Session, key: ContactKey
) -> None:
    for change in ({"under_14": True}, {"version": "1999-1"}, {"kind": "track"}):
        with pytest.raises(Problem):
            contacts.add(reference, LOCAL_OPERATOR, CLOCK, key, ASKED | {"consent": AGREED | change}, WORDS)
    with pytest.raises(Problem, match="至少填一项"):
        contacts.add(reference, LOCAL_OPERATOR, CLOCK, key, ASKED, {"name": " "})


def test_removing_one_takes_its_consent_along(reference: Session, key: ContactKey) -> None:
    row = contacts.add(reference, LOCAL_OPERATOR, CLOCK, key, ASKED, WORDS)
    contacts.remove(reference, LOCAL_OPERATOR, CLOCK, row.id)
    assert reference.scalars(select(Contact)).all() == []
    assert reference.scalars(select(Consent)).all() == []
    with pytest.raises(Problem):
        contacts.remove(reference, LOCAL_OPERATOR, CLOCK, row.id)


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    made = Settings(var_dir=tmp_path)
    first = contact_key(made)
    path = made.store_dir / "keys" / "contacts.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["contacts.key"]
    sealed = first.seal(UUID(int=1), {"name": "x"})
    assert contact_key(made).open(UUID(int=1), sealed) == {"name": "x"}
    with pytest.raises(Problem) as caught:
        first.open(UUID(int=2), sealed)
    assert caught.value.kind.code == "contact_unreadable"
    with pytest.raises(Problem):
        first.open(UUID(int=1), replace(sealed, sealed=sealed.sealed[:-1] + bytes([sealed.sealed[-1] ^ 1])))
    path.chmod(0o640)
    with pytest.raises(ValueError, match="chmod 600"):
        contact_key(made)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match="32 字节"):
        contact_key(made)


_KEY = ContactKey(bytes(32))


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(contacts.WORDS), st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
)
def test_what_is_sealed_comes_back(words: dict[str, str]) -> None:
    id_ = uuid7()
    sealed = _KEY.seal(id_, words)
    assert _KEY.open(id_, sealed) == words
    assert _KEY.seal(id_, words).nonce != sealed.nonce
