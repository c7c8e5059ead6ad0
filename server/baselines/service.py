"""Compiles a county's baseline: freezes, studies, writes both editions and keeps the one asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.baselines.archive import darwin_core_archive
from server.baselines.build import build
from server.baselines.draft import Draft
from server.baselines.edition import EDITIONS, Edition
from server.baselines.study import make_study
from server.baselines.survey_profile import Profile, load_profile
from server.places.queries import county as find_county
from server.reporting.annexes import table_digests, tables_json, tables_workbook
from server.reporting.document import Report
from server.reporting.html_page import render_html
from server.reporting.publication import Provenance, publish
from server.settings import Settings
from server.snapshots.service import SOFTWARE, Snapshot, freeze, load
from shared.clock import Clock
from shared.problems import Problem

KIND = "baseline"
REPORT, ANNEXES, ARCHIVE, TABLES = "report.html", "annexes.xlsx", "dwca.zip", "tables.json"


@dataclass(frozen=True)
class Compiled:
    """`report` is the path of the HTML file; `files` are names in its folder."""

    report: Path
    files: tuple[str, ...]
    snapshot: str
    digest: str
    species: int


def compile_baseline(
    settings: Settings,
    session: Session,
    viewer: Viewer,
    clock: Clock,
    county: str,
    as_of: date,
    out: Path,
    edition: str,
    snapshot_id: str | None = None,
) -> Compiled:
    """`edition`: public or restricted. With `snapshot_id` nothing is frozen anew. UnknownCounty, Problem `not_allowed`, FolderInTheWay."""
    code, profile = find_county(session, county, as_of).code, load_profile()
    if snapshot_id is None:
        snapshot = freeze(session, viewer, clock, settings, KIND, {"counties": [code], "profile": profile.id}, as_of)
    else:
        snapshot = _named(session, settings, snapshot_id, code)
    drafts = {one.code: Draft(make_study(snapshot), one, profile, settings) for one in EDITIONS.values()}
    reports = {name: build(draft) for name, draft in drafts.items()}
    _refuse_disagreement(reports)
    files = render(drafts[edition], reports[edition])
    names = publish(out, files, _provenance(snapshot, profile, EDITIONS[edition], reports[edition]))
    return Compiled(out / REPORT, tuple(names), snapshot.id, snapshot.digest, len(drafts[edition].lines))


def render(draft: Draft, report: Report) -> dict[str, bytes]:
    cutoff = draft.study.snapshot.cutoff
    return {
        REPORT: render_html(report, draft.settings),
        ANNEXES: tables_workbook(report, cutoff),
        TABLES: tables_json(report),
        ARCHIVE: darwin_core_archive(draft),
    }


def _named(session: Session, settings: Settings, snapshot_id: str, code: str) -> Snapshot:
    snapshot = load(session, settings, snapshot_id)
    if snapshot.kind != KIND or snapshot.parameters.get("counties") != [code]:
        raise Problem("invalid", f"快照 {snapshot_id} 不是 {code} 的本底调查快照", field="snapshot")
    return snapshot


def _refuse_disagreement(reports: Mapping[str, Report]) -> None:
    """Both editions list the same species, whatever they print of them."""
    counts = {
        name: [len(table.rows) for table in report.tables() if table.name == "checklist"]
        for name, report in reports.items()
    }
    if len({tuple(count) for count in counts.values()}) > 1:
        raise ValueError(f"两个版次的物种数不同 (the editions disagree): {counts}")


def _provenance(snapshot: Snapshot, profile: Profile, edition: Edition, report: Report) -> Provenance:
    return Provenance(
        snapshot=snapshot.id,
        digest=snapshot.digest,
        software=SOFTWARE,
        parameters={
            **snapshot.parameters,
            "as_of": snapshot.as_of.isoformat(),
            "edition": edition.code,
            "profile": profile.id,
        },
        lists=list(snapshot.context.lists),
        boundary_version=snapshot.context.boundary_version,
        tables=table_digests(report),
        marks=report.marks,
    )
