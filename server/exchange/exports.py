"""Exports over the network: asked for, approved by a second person where many exact places are in them, and taken."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.accounts.areas import group_is_known
from server.accounts.second_person import require_independent
from server.accounts.viewer import Viewer
from server.audit.service import log
from server.db import EVERYTHING, looking_through
from server.exchange.leaving import EXACT_WORDS, PUBLIC_WORDS, SCOPE_WORDS, describe, refuse_forbidden
from server.exchange.model import Export, ExportRecord
from server.exchange.readable import MOST, Chosen, Readable, readable, tally_of_all
from server.exchange.standing import covered, find_own, is_recalled
from server.exchange.writing import FORMATS, Leaving
from server.places.queries import county as find_county
from server.reporting.darwin import exact_terms, measurement_terms, public_rows, scope_terms
from server.sensitivity import granting
from server.sensitivity.records import ExactPlace
from server.settings import Settings
from server.surveys.service import survey as find_survey
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

PUBLIC_EDITION, SCOPE, EXACT = "public", "scope", "exact"
EDITIONS = (PUBLIC_EDITION, SCOPE, EXACT)
WITHOUT_SECOND = 20
"""Exact places that one person may take in a grant's life without a second one."""
_KEPT_FOR, _GRANT_LIFE = timedelta(days=30), timedelta(days=7)
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('xiangye.exact_export'), hashtext(:person))"
_PUBLIC_CHOICE = frozenset({"survey_id", "county", "taxon_id", "group"})


@dataclass(frozen=True)
class Order:
    format: str
    edition: str
    chosen: Chosen
    grant_id: UUID | None = None


def ask(session: Session, viewer: Viewer, clock: Clock, settings: Settings, order: Order) -> Export:
    """The session sees what the viewer may see; what is public is chosen out of that, and is what anybody may have."""
    person = _person(viewer)
    _check(session, order)
    chosen = _resolved(session, order.chosen)
    found = readable(session, viewer, chosen, order.edition == PUBLIC_EDITION)
    if len(found) > MOST:
        raise Problem("too_large", f"超过 {MOST} 条记录；请按县、调查项目或年份分次导出", field="filters")
    exact = [one for one in found if order.edition == EXACT and one.record.level]
    if exact and order.grant_id is not None:
        _require_leave(session, viewer, order.grant_id, [one.id for one in exact], clock)
    export = Export(
        id=uuid7(),
        person_id=person,
        format=order.format,
        edition=order.edition,
        chosen=chosen.as_json(),
        grant_id=order.grant_id,
        state="waiting" if _needs_second(session, person, clock, exact) else "ready",
        row_count=len(found),
        record_count=len(found),
        exact_count=len(exact),
        asked_at=clock.now(),
        expires_at=clock.now() + (_GRANT_LIFE if order.edition == EXACT else _KEPT_FOR),
    )
    if order.edition != EXACT:
        data, export.row_count = _made(session, viewer, clock, export, found, {})
        _keep(settings, export, data)
    session.add(export)
    session.flush()
    told = {one.id for one in exact}
    rows = [
        {"export_id": export.id, "record_id": one.id, "level": one.record.level or 0, "exact": one.id in told}
        for one in found
    ]
    if rows:
        session.execute(insert(ExportRecord), rows)
    detail = {
        "edition": order.edition,
        "format": order.format,
        "records": len(found),
        "exact": len(exact),
        "state": export.state,
    }
    log(session, clock, viewer.name, "export_ask", str(export.id), detail)
    return export


def decide(session: Session, viewer: Viewer, clock: Clock, export_id: UUID, approve: bool, reason: str) -> Export:
    """`viewer` looks through where it may approve exact places, so that a foreign export is not there."""
    export = session.get(Export, export_id, with_for_update=True)
    if export is None or not covered(session, export):
        raise Problem("not_found")
    if export.person_id == _person(viewer):
        raise Problem("second_person_needed", "申请人不能批准自己的导出")
    if export.state != "waiting":
        raise Problem("invalid", "此导出不在等待批准", field="id")
    if approve:
        require_independent(session, clock, export.person_id, _person(viewer))
    export.state = "ready" if approve else "refused"
    export.decided_by, export.decided_at, export.decision_reason = viewer.person_id, clock.now(), reason
    detail = {"approved": approve, "exact": export.exact_count, "reason": reason}
    log(session, clock, viewer.name, "export_decide", str(export.id), detail)
    return export


def take(session: Session, viewer: Viewer, clock: Clock, settings: Settings, export_id: UUID) -> tuple[Export, bytes]:
    """The bytes, each taking logged. Problem `export_waiting`, or `export_gone` where it expired, was refused or recalled."""
    export = find_own(session, viewer, export_id)
    if export.state == "waiting":
        raise Problem("second_person_needed", f"含 {export.exact_count} 处精确位置，须由另一人批准")
    if export.state == "refused" or export.expires_at <= clock.now() or is_recalled(session, export):
        raise Problem("export_gone")
    if export.edition == SCOPE and not covered(session, export):
        raise Problem("export_gone", "其中有您现已无权查阅的记录；请重新导出")
    if export.edition == EXACT:
        data = _exact(session, viewer, clock, export)
    else:
        path = _path(settings, export)
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != export.sha256:
            raise Problem("export_gone", "导出文件缺失或已被改动；请重新导出")
    log(session, clock, viewer.name, "export_take", str(export.id), {"edition": export.edition, "bytes": len(data)})
    return export, data


def file_name(export: Export) -> str:
    """Tells a day and nothing of what is inside."""
    return f"xiangye-{export.asked_at:%Y%m%d}-{export.id.hex[-8:]}.{FORMATS[export.format].suffix}"


def sweep(session: Session, clock: Clock, settings: Settings) -> int:
    """Files that nobody may take any longer; how many there were."""
    rows = session.scalars(select(Export).where(Export.expires_at <= clock.now(), Export.sha256.is_not(None)))
    gone = [path for row in rows if (path := _path(settings, row)).is_file()]
    for path in gone:
        with suppress(FileNotFoundError):
            path.unlink()
    return len(gone)


def _person(viewer: Viewer) -> UUID:
    if viewer.person_id is None:
        raise Problem("not_allowed")
    return viewer.person_id


def _check(session: Session, order: Order) -> None:
    if (order.edition == EXACT) != (order.grant_id is not None):
        raise Problem("invalid", "精确版须有一项查阅许可，其他版不用许可", field="grant_id")
    odd = sorted(order.chosen.as_json().keys() - _PUBLIC_CHOICE)
    if order.edition == PUBLIC_EDITION and odd:
        raise Problem("invalid", "公开版只能按县、类群、物种和调查项目选取", field=odd[0])
    if order.chosen.survey_id:
        find_survey(session, UUID(order.chosen.survey_id))


def _require_leave(session: Session, viewer: Viewer, grant_id: UUID, ids: Sequence[UUID], clock: Clock) -> None:
    """The same words for a grant that is not there, somebody else's, over, or for other records."""
    try:
        granting.usable(session, viewer, grant_id, ids, clock)
    except Problem as refused:
        if refused.kind.code != "not_found":
            raise
        raise Problem("not_found", "没有可用于其中全部敏感记录的查阅许可", field="grant_id") from refused


def _resolved(session: Session, chosen: Chosen) -> Chosen:
    if chosen.group is not None and not group_is_known(session, chosen.group):
        raise Problem("invalid", f"没有 {chosen.group} 这个类群", field="group")
    if chosen.year_from is not None and chosen.year_to is not None and chosen.year_from > chosen.year_to:
        raise Problem("invalid", f"起始年份 {chosen.year_from} 晚于截止年份 {chosen.year_to}", field="year_from")
    code = find_county(session, chosen.county).code if chosen.county else None
    return Chosen(**{**chosen.as_json(), "county": code})


def _needs_second(session: Session, person: UUID, clock: Clock, exact: Sequence[Readable]) -> bool:
    """Many small exports are one large one: what the same person asked for in a grant's life counts together."""
    if not exact:
        return False
    session.execute(text(_ONE_AT_A_TIME), {"person": str(person)})
    with looking_through(session, EVERYTHING):
        before = session.scalars(
            select(ExportRecord.record_id)
            .join(Export, Export.id == ExportRecord.export_id)
            .where(
                ExportRecord.exact,
                Export.person_id == person,
                Export.asked_at > clock.now() - _GRANT_LIFE,
                Export.state == "ready",
                Export.decided_by.is_(None),
            )
        )
        return len({one.id for one in exact}.union(before)) > WITHOUT_SECOND


def _made(
    session: Session,
    viewer: Viewer,
    clock: Clock,
    export: Export,
    found: Sequence[Readable],
    places: dict[UUID, ExactPlace],
) -> tuple[bytes, int]:
    """The file and its number of rows."""
    records = [one.record for one in found]
    surveys = {UUID(record.body["survey_id"]) for record in records}
    datasets = {UUID(record.body["dataset_id"]) for record in records}
    survey = find_survey(session, UUID(export.chosen["survey_id"])) if "survey_id" in export.chosen else None
    public = export.edition == PUBLIC_EDITION
    words = {PUBLIC_EDITION: PUBLIC_WORDS, SCOPE: SCOPE_WORDS}.get(export.edition, EXACT_WORDS)
    about = describe(session, clock, survey, surveys, public, words)
    if public:
        refuse_forbidden(session, surveys, datasets)
        with looking_through(session, EVERYTHING):
            known = tally_of_all(session)
        records, rows = public_rows(records, known)
    else:
        rows = [
            {**scope_terms(one.record, one.shown_id), **(exact_terms(places[one.id]) if one.id in places else {})}
            for one in found
        ]
    pairs = zip(records, rows, strict=False)
    measurements = [one for record, terms in pairs for one in measurement_terms(record, terms)]
    leaving = Leaving(rows, measurements, about, export.asked_at)
    return FORMATS[export.format].write(leaving), len(rows)


def _exact(session: Session, viewer: Viewer, clock: Clock, export: Export) -> bytes:
    """Made anew of the records that were asked for and approved, as far as they may still be seen."""
    wanted = select(ExportRecord.record_id, ExportRecord.exact).where(ExportRecord.export_id == export.id)
    ids = {row[0]: row[1] for row in session.execute(wanted)}
    found = readable(session, viewer, Chosen(), False, ids) if ids else []
    exact = [one.id for one in found if ids[one.id]]
    places: dict[UUID, ExactPlace] = {}
    if exact and export.grant_id is not None:
        places = granting.read_places(session, viewer, export.grant_id, exact, clock)
    return _made(session, viewer, clock, export, found, places)[0]


def _keep(settings: Settings, export: Export, data: bytes) -> None:
    export.sha256, export.byte_count = hashlib.sha256(data).hexdigest(), len(data)
    path = _path(settings, export)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(data)


def _path(settings: Settings, export: Export) -> Path:
    return settings.store_dir / "exports" / f"{export.id}.{FORMATS[export.format].suffix}"
