"""`/v1/verification/…`: the queue, what is decided of it, and the rules."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from server.accounts.rights import EDIT_RULES, READ_RECORDS, VERIFY
from server.sensitivity.scoping import real_id, real_ids, shown_ids
from server.verification import checking, deciding, queries, ruling, schemas
from server.verification.model import QualityCheck, VerificationRule
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.paging import key_of, page
from server.web.settings import clock
from server.web.viewers import current_viewer
from shared.problems import Problem

blueprint = Blueprint("verification", __name__, url_prefix="/v1/verification", description="审核")
TRIED_AT_ONCE = 2_000
"""A request tries a rule on so many records; `xiangye verification trial` on all."""


@blueprint.get("/queue")
@blueprint.arguments(schemas.QueueQuery, location="query")
@blueprint.response(200, schemas.QueuePage)
def queue(asked: dict[str, Any]) -> dict[str, Any]:
    """本人可审核的记录，县、市州、省逐级"""
    viewer, session = current_viewer(VERIFY), request_session()
    wanted = {**asked, "states": asked["state"]}
    rows = queries.waiting(session, viewer, wanted, asked["limit"], key_of(asked["after"], 3))
    told = queries.shown(session, rows[: asked["limit"]])
    answer = page(rows, asked["limit"], _key, lambda row: told[row[0].record_id])
    return answer | {"count": queries.count_waiting(session, viewer, wanted) if asked["count"] else None}


def _key(row: Any) -> tuple[str, ...]:
    return str(row[3]), row[1].listed_on.isoformat(), str(row[1].listing_key)


@blueprint.get("/records/<uuid:record_id>")
@blueprint.response(200, schemas.ReviewedRecordSchema)
def record(record_id: UUID) -> dict[str, Any]:
    """审核员所见的一条记录，连同全部审核结论"""
    current_viewer(VERIFY)
    session = request_session()
    id_ = real_id(session, record_id)
    row = queries.one(session, id_)
    if row is None:
        raise Problem("not_found")
    return queries.shown(session, [row])[id_] | {"decisions": queries.history(session, id_)}


@blueprint.post("/decisions")
@blueprint.arguments(schemas.DecideSchema)
@blueprint.response(201, schemas.DecidedList)
def decide(asked: dict[str, Any]) -> dict[str, Any]:
    """确认、改定、提问、退回或上报，一次可多条"""
    viewer, session = current_viewer(VERIFY), request_session()
    given = _real(asked["record_ids"])
    taxon = asked["taxon"] or {}
    order = deciding.Order(
        action=asked["action"],
        message=asked["message"],
        scientific_name=taxon.get("scientific_name"),
        name_zh=taxon.get("name_zh"),
        qualifier=asked["qualifier"],
        method=asked["method"],
        confidence=asked["confidence"],
        overrule=asked["overrule"],
    )
    made = deciding.decide(session, viewer, clock(), given, order)
    names = shown_ids(session, given)
    session.commit()
    return {
        "items": [
            {
                "record_id": str(names[one.record_id]),
                "decision_id": str(one.id),
                "state": one.state,
                "queue": one.queue,
            }
            for one in made
        ]
    }


@blueprint.post("/runs")
@blueprint.arguments(schemas.RuleRunSchema)
@blueprint.response(201, schemas.RuleRanSchema)
def run(asked: dict[str, Any]) -> dict[str, int]:
    """用生效的规则重新检查这些记录"""
    viewer, session = current_viewer(VERIFY), request_session()
    checked = ruling.run_again(session, viewer, clock(), _real(asked["record_ids"]))
    session.commit()
    return {"checked": checked}


@blueprint.get("/rules")
@blueprint.arguments(schemas.RuleQuery, location="query")
@blueprint.response(200, schemas.RuleList)
def rules(asked: dict[str, str]) -> dict[str, Any]:
    """规则及其依据"""
    current_viewer(READ_RECORDS)
    return {"items": queries.rule_rows(request_session(), clock().now(), asked["state"])}


@blueprint.post("/rules")
@blueprint.arguments(schemas.RuleDraftSchema)
@blueprint.response(201, schemas.RuleSchema)
def draft(asked: dict[str, Any]) -> VerificationRule:
    """起草规则的下一版"""
    viewer, session = current_viewer(EDIT_RULES), request_session()
    row = ruling.draft(session, viewer, clock(), asked)
    session.commit()
    return row


@blueprint.post("/rules/trial")
@blueprint.arguments(schemas.RuleTrialAskedSchema)
@blueprint.response(201, schemas.RuleTrialSchema)
def trial(asked: dict[str, Any]) -> dict[str, Any]:
    """在已有记录上试运行一版规则，不改变任何记录"""
    viewer, session = current_viewer(EDIT_RULES), request_session()
    told = ruling.try_on_past(session, viewer, clock(), asked["rule_id"], asked["version"], TRIED_AT_ONCE)
    session.commit()
    return asdict(told)


@blueprint.post("/rules/<rule_id>/activation")
@blueprint.arguments(schemas.RuleVersionSchema)
@blueprint.response(201, schemas.RuleSchema)
def activate(asked: dict[str, int], rule_id: str) -> VerificationRule:
    """让试运行过的一版生效"""
    viewer, session = current_viewer(EDIT_RULES), request_session()
    row = ruling.activate(session, viewer, clock(), rule_id, asked["version"])
    session.commit()
    return row


@blueprint.get("/checks")
@blueprint.arguments(schemas.CheckQuery, location="query")
@blueprint.response(200, schemas.CheckList)
def checks(asked: dict[str, Any]) -> dict[str, Any]:
    """抽查：重走、盲鉴定、凭证核对；盲鉴定不告知原来的名称"""
    current_viewer(VERIFY)
    return _checks(checking.listed(request_session(), asked["state"], asked["kind"], asked["survey"]))


@blueprint.post("/checks")
@blueprint.arguments(schemas.DrawSchema)
@blueprint.response(201, schemas.CheckList)
def draw(asked: dict[str, Any]) -> dict[str, Any]:
    """按调查提纲的比例抽取"""
    viewer, session = current_viewer(VERIFY), request_session()
    made = checking.draw(session, viewer, clock(), asked["survey_id"], asked["kind"])
    told = _checks(made)
    session.commit()
    return told


@blueprint.post("/checks/<uuid:check_id>/result")
@blueprint.arguments(schemas.CheckResultSchema)
@blueprint.response(201, schemas.CheckSchema)
def finish(asked: dict[str, Any], check_id: UUID) -> dict[str, Any]:
    """填写一项抽查的结果"""
    viewer, session = current_viewer(VERIFY), request_session()
    given = {**asked, "repeat_id": real_id(session, asked["repeat_id"]) if asked["repeat_id"] else None}
    told = _checks([checking.finish(session, viewer, clock(), check_id, given)])["items"][0]
    session.commit()
    return dict(told)


def _checks(rows: Sequence[QualityCheck]) -> dict[str, Any]:
    named = shown_ids(request_session(), [id_ for row in rows for id_ in (row.original_id, row.repeat_id) if id_])
    return {
        "items": [
            {
                "check_id": str(row.id),
                "kind": row.kind,
                "survey_id": str(row.survey_id),
                "original_id": str(named[row.original_id]),
                "repeat_id": str(named[row.repeat_id]) if row.repeat_id and row.repeat_id in named else None,
                "state": row.state,
                "agrees": row.agrees,
                "outcome": row.outcome,
                "share": row.share,
                "drawn_at": row.drawn_at,
                "done_at": row.done_at,
            }
            for row in rows
        ]
    }


def _real(shown: list[UUID]) -> list[UUID]:
    """In the order given; a record that is not there and one of others are alike."""
    found = real_ids(request_session(), shown)
    if any(id_ not in found for id_ in shown):
        raise Problem("not_found")
    return [found[id_] for id_ in shown]
