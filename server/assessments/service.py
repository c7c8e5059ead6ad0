"""Compiles the assessment of a period: freezes, compares, writes both editions and keeps the one asked for."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.assessments.assessment import Assessment
from server.assessments.build import build
from server.assessments.outline import load_outlines
from server.assessments.period import Period, parse_period
from server.assessments.region import make_region
from server.baselines.archive import darwin_core_archive
from server.baselines.draft import Draft
from server.baselines.edition import EDITIONS
from server.baselines.service import ANNEXES, ARCHIVE, REPORT, TABLES, Compiled
from server.places.queries import counties as counties_of
from server.places.queries import county as find_county
from server.reporting.annexes import table_digests, tables_json, tables_workbook
from server.reporting.document import Report
from server.reporting.html_page import render_html
from server.reporting.publication import Provenance, publish
from server.settings import Settings
from server.snapshots.service import SOFTWARE, Snapshot, freeze, load
from shared.clock import Clock
from shared.problems import Problem

KIND = "assessment"


@dataclass(frozen=True)
class Wanted:
    """`counties`: codes of GB/T 2260, none for the whole province. `edition`: public or restricted."""

    period: str
    counties: tuple[str, ...]
    as_of: date
    edition: str
    snapshot_id: str | None = None


@dataclass(frozen=True)
class Assessed(Compiled):
    """`counties`: how many have data in the period."""

    counties: int


def compile_assessment(
    settings: Settings, session: Session, viewer: Viewer, clock: Clock, wanted: Wanted, out: Path
) -> Assessed:
    """UnknownCounty, Problem `invalid` for a period or snapshot that does not fit, `not_allowed`, FolderInTheWay."""
    period = parse_period(wanted.period, wanted.as_of)
    chosen = _counties(session, settings, wanted)
    snapshot = _snapshot(settings, session, viewer, clock, wanted, (period, chosen))
    drafts = assessments(snapshot, period, settings)
    reports = {name: build(draft) for name, draft in drafts.items()}
    _refuse_disagreement(reports)
    kept = drafts[wanted.edition]
    names = publish(out, render(kept, reports[wanted.edition]), _provenance(kept, reports[wanted.edition]))
    return Assessed(out / REPORT, tuple(names), snapshot.id, snapshot.digest, len(kept.lines_now), len(kept.covered))


def assessments(snapshot: Snapshot, period: Period, settings: Settings) -> dict[str, Assessment]:
    """One for each edition, over the same region."""
    region, outlines = make_region(snapshot, period), load_outlines()
    return {one.code: Assessment(region, one, outlines, settings) for one in EDITIONS.values()}


def render(assessment: Assessment, report: Report) -> dict[str, bytes]:
    region = assessment.region
    whole = Draft(region.whole, assessment.edition, assessment.outlines.profile, assessment.settings)
    return {
        REPORT: render_html(report, assessment.settings),
        ANNEXES: tables_workbook(report, region.snapshot.cutoff),
        TABLES: tables_json(report),
        ARCHIVE: darwin_core_archive(whole),
    }


def _counties(session: Session, settings: Settings, wanted: Wanted) -> tuple[list[str], int]:
    """Codes chosen, by code, and how many the province has. UnknownCounty; Problem where a county lies in another province."""
    province = [one.code for one in counties_of(session, settings.home_province, wanted.as_of)]
    chosen = sorted({find_county(session, code, wanted.as_of).code for code in wanted.counties})
    strange = [code for code in chosen if code not in province]
    if strange:
        raise Problem("county_unknown", f"{'、'.join(strange)} 不是本省的县级行政区", field="county")
    return chosen or province, len(province)


def _snapshot(
    settings: Settings,
    session: Session,
    viewer: Viewer,
    clock: Clock,
    wanted: Wanted,
    scope: tuple[Period, tuple[list[str], int]],
) -> Snapshot:
    period, (codes, of_province) = scope
    parameters = {
        "counties": codes,
        "period": str(period),
        "profile": load_outlines().profile.id,
        "province_counties": of_province,
    }
    if wanted.snapshot_id is None:
        return freeze(session, viewer, clock, settings, KIND, parameters, wanted.as_of)
    snapshot = load(session, settings, wanted.snapshot_id)
    if snapshot.kind != KIND or dict(snapshot.parameters) != parameters:
        raise Problem("invalid", f"快照 {wanted.snapshot_id} 不是 {period} 这些县的五年评估快照", field="snapshot")
    return snapshot


def _refuse_disagreement(reports: dict[str, Report]) -> None:
    """Both editions have the same species in the same lists, whatever they print of them."""
    names = ("checklist", "checklist_before", "county_changes", "county_index")
    counts = {
        edition: {table.name: len(table.rows) for table in report.tables() if table.name in names}
        for edition, report in reports.items()
    }
    if counts["public"] != counts["restricted"]:
        raise ValueError(f"两个版次的物种或县不同 (the editions disagree): {counts}")


def _provenance(assessment: Assessment, report: Report) -> Provenance:
    snapshot, edition = assessment.region.snapshot, assessment.edition.code
    told = {**snapshot.parameters, "as_of": snapshot.as_of.isoformat(), "edition": edition}
    return Provenance(
        snapshot.id,
        snapshot.digest,
        SOFTWARE,
        told,
        list(snapshot.context.lists),
        snapshot.context.boundary_version,
        table_digests(report),
        report.marks,
    )
