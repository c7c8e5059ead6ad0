"""Rules are drafted, tried on past records, and only then go live; a version that was live once never changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.accounts.areas import Area, name_of
from server.accounts.viewer import Viewer
from server.audit.service import log
from server.db import EVERYTHING, looking_through
from server.ledger.model import Ledger
from server.ledger.service import number_decisions
from server.sensitivity import listing
from server.sensitivity.facts import gather
from server.sensitivity.scoping import shown_ids
from server.taxa.queries import resolve_many
from server.verification.cases import make_cases
from server.verification.defaults import ensure_rules
from server.verification.model import RuleTrial, VerificationRule
from server.verification.queries import as_rules, standing_findings
from server.verification.rules import KINDS, SEVERITIES, faults_of
from server.verification.service import apply, run_rules
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem
from shared.vocabulary import GROUP_NAMES_ZH

CHUNK = 500
SAMPLE = 20


@dataclass(frozen=True)
class Trial:
    """`gained` and `lost`: records that the version in force does not, or does, hold something against."""

    checked: int
    found: int
    gained: int
    lost: int
    sample: tuple[dict[str, str], ...]


def draft(session: Session, viewer: Viewer, clock: Clock, given: Mapping[str, Any]) -> VerificationRule:
    """The next version of a rule, or the first of a new one. Problem names each field that is wrong."""
    ensure_rules(session, clock.now())
    _refuse_faults(session, given)
    last = session.scalar(
        select(func.max(VerificationRule.version)).where(VerificationRule.rule_id == given["rule_id"])
    )
    row = VerificationRule(
        **{name: given[name] for name in _GIVEN},
        version=(last or 0) + 1,
        state="draft",
        created_by=viewer.name,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    log(session, clock, viewer.name, "draft_rule", f"{row.rule_id}/{row.version}", {"kind": row.kind})
    return row


_GIVEN = (
    "rule_id",
    "kind",
    "severity",
    "title_zh",
    "reason_zh",
    "scientific_name",
    "group_zh",
    "county_codes",
    "parameters",
    "source",
    "source_status",
)


def _refuse_faults(session: Session, given: Mapping[str, Any]) -> None:
    faults: dict[str, str] = {}
    if given["kind"] not in KINDS:
        faults["kind"] = f"没有这类规则；可用：{'、'.join(KINDS)}"
    else:
        faults |= {f"parameters.{name}": words for name, words in faults_of(given["kind"], given["parameters"]).items()}
    if given["severity"] not in SEVERITIES:
        faults["severity"] = f"应为 {'、'.join(SEVERITIES)}"
    if given["group_zh"] is not None and given["group_zh"] not in GROUP_NAMES_ZH:
        faults["group_zh"] = f"没有这个类群；可用：{'、'.join(GROUP_NAMES_ZH)}"
    if given["scientific_name"] is not None and resolve_many(session, [(given["scientific_name"], None)])[0] is None:
        faults["scientific_name"] = f"名录中没有“{given['scientific_name']}”"
    unknown = [code for code in given["county_codes"] if name_of(session, Area("county", code)) is None]
    if unknown:
        faults["county_codes"] = f"没有代码为 {'、'.join(unknown)} 的县"
    if faults:
        words = "；".join(f"{field}：{words}" for field, words in faults.items())
        raise Problem("invalid", words, errors=faults, field=next(iter(faults)))


def try_on_past(
    session: Session, viewer: Viewer, clock: Clock, rule_id: str, version: int, most: int | None = None
) -> Trial:
    """On records that the viewer may see, `most` of them or all, in the order of lists: one of their ids would tell beside what a
    guarded record was made. Nothing of them changes."""
    row = _version(session, rule_id, version)
    rule = as_rules(session, [row])[0]
    now, checked, found, before, sample = clock.now(), 0, set[UUID](), set[UUID](), list[tuple[UUID, str]]()
    for ids in _listed(session, viewer, most, KINDS[rule.kind].records):
        with looking_through(session, EVERYTHING):
            cases = make_cases(session, gather(session, ids), now, claiming=False)
            told = apply([rule], cases.values())
            standing = standing_findings(session, list(cases))
        checked += len(cases)
        found |= {key[0] for key in told}
        before |= {id_ for id_, some in standing.items() if any(one.rule_id == rule_id for one in some)}
        said = {key[0]: words for key, (_, words) in told.items()}
        sample += [(id_, said[id_]) for id_ in ids if id_ in said][: SAMPLE - len(sample)]
    session.add(
        RuleTrial(
            id=uuid7(),
            rule_id=rule_id,
            version=version,
            tried_by=viewer.name,
            tried_at=now,
            checked_count=checked,
            found_count=len(found),
        )
    )
    session.flush()
    detail = {"checked": checked, "found": len(found)}
    log(session, clock, viewer.name, "try_rule", f"{rule_id}/{version}", detail)
    shown = shown_ids(session, [id_ for id_, _ in sample])
    words = tuple({"record_id": str(shown[id_]), "words_zh": said} for id_, said in sample if id_ in shown)
    return Trial(checked, len(found), len(found - before), len(before - found), words)


def _listed(session: Session, viewer: Viewer, most: int | None, kinds: frozenset[str]) -> Iterator[Sequence[UUID]]:
    """The newest of each kind first."""
    left = most
    for kind in sorted(kinds):
        after = None
        while left is None or left > 0:
            wanted = listing.Asked(CHUNK if left is None else min(CHUNK, left), after)
            rows = listing.page(viewer, listing.scan(kind), wanted)
            found = session.execute(select(rows).order_by(*listing.in_order(rows)).limit(wanted.limit)).all()
            if not found:
                break
            yield [row.id for row in found]
            after = (found[-1].listed_on, found[-1].listing_key)
            left = None if left is None else left - len(found)


def _past(session: Session, kinds: frozenset[str]) -> Iterator[Sequence[UUID]]:
    last = None
    while True:
        query = select(Ledger.id).where(Ledger.kind.in_(kinds), Ledger.state.in_(("current", "conflict")))
        if last is not None:
            query = query.where(Ledger.id < last)
        ids = session.scalars(query.order_by(Ledger.id.desc()).limit(CHUNK)).all()
        if not ids:
            return
        yield ids
        last = ids[-1]


def activate(session: Session, viewer: Viewer, clock: Clock, rule_id: str, version: int) -> VerificationRule:
    """From now on; what stands is checked anew by `run_everything`, or as records come. Problem `rule_not_tried`."""
    row = _version(session, rule_id, version)
    if row.state != "draft":
        raise Problem("invalid", f"规则 {rule_id} 第 {version} 版不是草稿", field="version")
    if (
        session.scalar(select(RuleTrial.id).where(RuleTrial.rule_id == rule_id, RuleTrial.version == version).limit(1))
        is None
    ):
        raise Problem("rule_not_tried")
    retire(session, viewer, clock, rule_id)
    row.state, row.activated_by, row.activated_at = "active", viewer.name, clock.now()
    session.flush()
    log(session, clock, viewer.name, "activate_rule", f"{rule_id}/{version}", {})
    return row


def retire(session: Session, viewer: Viewer, clock: Clock, rule_id: str) -> bool:
    """Takes the version in force, if there is one, out of force."""
    query = select(VerificationRule).where(VerificationRule.rule_id == rule_id, VerificationRule.state == "active")
    row = session.scalar(query.with_for_update())
    if row is None:
        return False
    row.state, row.retired_at = "retired", clock.now()
    session.flush()
    log(session, clock, viewer.name, "retire_rule", f"{rule_id}/{row.version}", {})
    return True


def run_everything(session: Session, viewer: Viewer, clock: Clock) -> int:
    """The rules in force on every record that lives; how many were checked."""
    with looking_through(session, EVERYTHING):
        checked = sum(
            run_rules(session, clock.now(), ids) for ids in _past(session, frozenset({"occurrence", "patrol"}))
        )
        number_decisions(session)
        log(session, clock, viewer.name, "run_rules", "everything", {"checked": checked})
    return checked


def run_again(session: Session, viewer: Viewer, clock: Clock, ids: Sequence[UUID]) -> int:
    """The rules in force on these records."""
    with looking_through(session, EVERYTHING):
        checked = run_rules(session, clock.now(), ids)
        number_decisions(session)
        log(session, clock, viewer.name, "run_rules", f"{len(ids)} records", {"checked": checked})
    return checked


def _version(session: Session, rule_id: str, version: int) -> VerificationRule:
    row = session.get(VerificationRule, (rule_id, version), with_for_update=True)
    if row is None:
        raise Problem("not_found", f"没有规则 {rule_id} 第 {version} 版")
    return row
