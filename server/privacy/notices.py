"""What people are told, and the answers: which notice stands with a record, and the consents of volunteers and interviewees."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.audit.service import log
from server.db import among
from server.privacy.model import Consent, NoticeVersion, RecordNotice
from shared.clock import CHINA, Clock, parse_aware, today_in_china
from shared.ids import uuid7
from shared.notices import NOTICE_KINDS, NOTICES, TRACK, NoticeText
from shared.problems import Problem
from shared.vocabulary import LEGAL_BASES

_BUILT_IN_BY = "system"
_HOW_LONG = "保存多久：自服务器收到之日起 {days} 天，到期删除；法律法规另有规定的从其规定。"
UNDER_AGE = 14
_EARLIEST = datetime(2000, 1, 1, tzinfo=CHINA)


def write_notices(session: Session, told: Sequence[tuple[UUID, Mapping[str, Any] | None]]) -> None:
    """Of records as they now stand; older apps tell of none."""
    withdraw(session, [id_ for id_, notice in told if notice is None])
    rows = [
        {
            "id": id_,
            "version": notice["version"],
            "basis": notice["basis"],
            "accepted_at": parse_aware(notice["accepted_at"]) if notice["accepted_at"] else None,
            "guardian": notice["guardian"],
        }
        for id_, notice in told
        if notice is not None
    ]
    if rows:
        statement = insert(RecordNotice)
        changes = {name: statement.excluded[name] for name in rows[0] if name != "id"}
        session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changes), rows)


def of_records(session: Session, ids: Sequence[UUID]) -> dict[UUID, RecordNotice]:
    return {row.id: row for row in session.scalars(select(RecordNotice).where(RecordNotice.id.in_(ids)))}


def withdraw(session: Session, ids: Sequence[UUID]) -> None:
    if ids:
        session.execute(
            delete(RecordNotice).where(among(RecordNotice.id, ids)).execution_options(synchronize_session=False)
        )


def in_force(session: Session) -> dict[str, NoticeText]:
    """The newest of each kind that was published here, else the one that comes with the program."""
    own = session.scalars(
        select(NoticeVersion)
        .where(NoticeVersion.published_by != _BUILT_IN_BY)
        .order_by(NoticeVersion.published_at, NoticeVersion.version)
    )
    return {**NOTICES, **{row.kind: NoticeText(row.version, row.title, row.text) for row in own}}


def _keep_built_in(session: Session, clock: Clock) -> None:
    rows = [
        {"kind": kind, **vars(notice), "published_at": clock.now(), "published_by": _BUILT_IN_BY}
        for kind, notice in NOTICES.items()
    ]
    session.execute(insert(NoticeVersion).on_conflict_do_nothing(), rows)


def publish(session: Session, clock: Clock, by: str, kind: str, version: str, title: str, text: str) -> NoticeVersion:
    _keep_built_in(session, clock)
    if kind not in NOTICE_KINDS:
        raise Problem("invalid", f"未知的告知书种类 {kind!r}；可用：{'、'.join(NOTICE_KINDS)}", field="kind")
    if not version.strip() or len(version) > 40 or version != version.strip():
        raise Problem("invalid", "版本号应为 1–40 个字符，首尾不留空格", field="version")
    if not text.strip():
        raise Problem("invalid", "告知书没有正文", field="text")
    if session.get(NoticeVersion, (kind, version)) is not None:
        raise Problem("invalid", f"告知书 {kind} {version} 已发布，内容不得更改；请换一个版本号", field="version")
    row = NoticeVersion(kind=kind, version=version, title=title, text=text, published_at=clock.now(), published_by=by)
    session.add(row)
    session.flush()
    log(session, clock, by, "publish_notice", f"{kind} {version}", {})
    return row


def say_how_long(session: Session, clock: Clock, by: str, days: int) -> None:
    """The law wants the period named (PIPL art. 17): another period is another text, and people are asked anew."""
    now = in_force(session)[TRACK]
    lines = [_HOW_LONG.format(days=days) if line.startswith(_HOW_LONG[:5]) else line for line in now.text.split("\n")]
    if lines != now.text.split("\n"):
        published = session.scalar(select(func.count()).where(NoticeVersion.kind == TRACK)) or 0
        version = f"{today_in_china(clock)}-{published + 1}"
        publish(session, clock, by, TRACK, version, now.title, "\n".join(lines))


def give_consent(session: Session, clock: Clock, by: str, given: Mapping[str, Any], **whose: UUID) -> Consent:
    """`given`: kind, version, basis, under_14, guardian, given_at; `whose`: person_id or contact_id."""
    now = clock.now()
    given_at: datetime = given.get("given_at") or now
    notice = given["version"]
    _keep_built_in(session, clock)
    if session.get(NoticeVersion, (given["kind"], notice)) is None:
        raise Problem("invalid", f"没有发布过告知书 {given['kind']} {notice}", field="version")
    if given["basis"] not in LEGAL_BASES:
        raise Problem("invalid", f"未知的合法性基础；可用：{'、'.join(LEGAL_BASES)}", field="basis")
    if given["under_14"] and not (given["guardian"] and given["basis"] == "consent"):
        raise Problem("invalid", f"未满 {UNDER_AGE} 周岁，须经监护人同意", field="guardian")
    if not _EARLIEST <= given_at <= now:
        raise Problem("invalid", "同意的时间在将来，或早于 2000 年", field="given_at")
    row = Consent(
        id=uuid7(),
        kind=given["kind"],
        version=notice,
        basis=given["basis"],
        under_14=given["under_14"],
        guardian=given["guardian"],
        given_at=given_at,
        recorded_by=by,
        recorded_at=now,
        **whose,
    )
    session.add(row)
    session.flush()
    log(session, clock, by, "consent", str(row.id), {"kind": row.kind, "version": row.version, "basis": row.basis})
    return row


def take_back(session: Session, clock: Clock, by: str, consent: Consent) -> None:
    """What was done on it before stays rightful."""
    if consent.withdrawn_at is None:
        consent.withdrawn_at = clock.now()
        session.flush()
        log(session, clock, by, "consent_withdrawn", str(consent.id), {"kind": consent.kind})


def consents_of(session: Session, person_id: UUID) -> list[Consent]:
    return list(session.scalars(select(Consent).where(Consent.person_id == person_id).order_by(Consent.id)))
