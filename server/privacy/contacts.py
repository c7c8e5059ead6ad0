"""How interviewees, reporters and our own people are reached: written by who asked them, read for a purpose that is logged."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.scopes import numbers
from server.accounts.viewer import Viewer
from server.audit.service import log
from server.privacy.model import Contact
from server.privacy.notices import give_consent
from server.privacy.sealing import ContactKey, Sealed
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

WORDS = ("name", "phone", "address", "other")
LEAST_PURPOSE = 4
_AGREED_TO: Mapping[str, tuple[str, ...]] = {"interviewee": ("interview",), "reporter": ("interview", "volunteer")}
"""To which notice somebody must have agreed: leave to record a track is no leave to keep a telephone number."""


def add(
    session: Session, viewer: Viewer, clock: Clock, key: ContactKey, asked: Mapping[str, Any], words: Mapping[str, str]
) -> Contact:
    """`asked`: kind, county_code, record_id or person_id, consent. Nobody is reached for whom no consent is kept."""
    if not any(words.get(name, "").strip() for name in WORDS):
        raise Problem("invalid", "姓名、电话、地址、其他联系方式至少填一项", field="words")
    scopes = numbers(session, "county", asked["county_code"])
    if not scopes or not (0 in viewer.scopes or scopes & viewer.scopes):
        raise Problem("county_unknown", field="county_code")
    if asked.get("person_id") is None and asked["consent"]["kind"] not in _AGREED_TO[asked["kind"]]:
        told = "、".join(_AGREED_TO[asked["kind"]])
        raise Problem("invalid", f"这类联系人须有对 {told} 告知书的同意", field="consent.kind")
    id_ = uuid7()
    sealed = key.seal(id_, {name: words[name] for name in WORDS if words.get(name, "").strip()})
    row = Contact(
        id=id_,
        kind=asked["kind"],
        person_id=asked.get("person_id"),
        record_id=asked.get("record_id"),
        county_code=asked["county_code"],
        scopes=sorted(scopes),
        key_id=sealed.key_id,
        nonce=sealed.nonce,
        sealed=sealed.sealed,
        created_by=viewer.name,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    if row.person_id is None:
        give_consent(session, clock, viewer.name, asked["consent"], contact_id=id_)
    log(session, clock, viewer.name, "write_contact", str(id_), {"kind": row.kind})
    return row


def read(
    session: Session, viewer: Viewer, clock: Clock, key: ContactKey, contact_id: UUID, purpose: str
) -> tuple[Contact, dict[str, str]]:
    """The session is narrowed to where the viewer may: a contact elsewhere is like one that does not exist."""
    if len(purpose.strip()) < LEAST_PURPOSE:
        raise Problem("invalid", f"请写明查阅联系方式的用途（至少 {LEAST_PURPOSE} 个字）", field="purpose")
    row = session.get(Contact, contact_id)
    if row is None:
        raise Problem("not_found")
    words = opened(key, row)
    log(session, clock, viewer.name, "read_contact", str(contact_id), {"purpose": purpose.strip()})
    return row, words


def remove(session: Session, viewer: Viewer, clock: Clock, contact_id: UUID) -> None:
    row = session.get(Contact, contact_id)
    if row is None:
        raise Problem("not_found")
    session.delete(row)
    session.flush()
    log(session, clock, viewer.name, "remove_contact", str(contact_id), {})


def of_person(session: Session, key: ContactKey, person_id: UUID) -> list[tuple[Contact, dict[str, str]]]:
    rows = session.scalars(select(Contact).where(Contact.person_id == person_id).order_by(Contact.id))
    return [(row, opened(key, row)) for row in rows]


def opened(key: ContactKey, row: Contact) -> dict[str, str]:
    return key.open(row.id, Sealed(row.key_id, row.nonce, row.sealed))
