"""`xiangye verify REPORT_DIR`: is the report what was written, and does its snapshot still give it, byte for byte."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from server import settings as settings_module
from server.accounts.viewer import LOCAL_OPERATOR, Viewer
from server.assessments.service import Wanted, compile_assessment
from server.baselines.service import KIND as BASELINE
from server.baselines.service import compile_baseline
from server.db import open_session
from server.reporting.publication import PROVENANCE, SUMS, sha256
from server.settings import Settings
from server.snapshots.queries import find
from server.web.output import print_json
from shared.clock import Clock, SystemClock
from shared.problems import Problem


@dataclass(frozen=True)
class Verified:
    """`altered`: files that are missing, other than written, or strange to the report; `differing`: files that the snapshot
    gives otherwise today, and `differing_tables` those of their tables."""

    report: str
    snapshot: str
    software_then: str
    software_now: str
    altered: tuple[str, ...]
    differing: tuple[str, ...]
    differing_tables: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not (self.altered or self.differing)

    @property
    def other_software(self) -> bool:
        return self.software_then != self.software_now


def verify_report(settings: Settings, session: Session, viewer: Viewer, clock: Clock, folder: Path) -> Verified:
    """Problem `invalid` where the folder holds no report of ours, `not_found` or `snapshot_broken` where its snapshot is
    not there as it was."""
    proof = _proof(folder)
    with tempfile.TemporaryDirectory() as scratch:
        anew = Path(scratch) / "report"
        _compile_again(settings, session, viewer, clock, proof, anew)
        now = _proof(anew)
    return Verified(
        report=str(folder),
        snapshot=proof["snapshot"],
        software_then=proof["software"],
        software_now=now["software"],
        altered=_altered(folder),
        differing=_unequal(proof["files"], now["files"]),
        differing_tables=_unequal(proof["tables"], now["tables"]),
    )


def _compile_again(
    settings: Settings, session: Session, viewer: Viewer, clock: Clock, proof: Mapping[str, Any], out: Path
) -> None:
    asked = _asked(proof)
    snapshot = find(session, proof["snapshot"])
    if snapshot.kind == BASELINE and asked.counties:
        compile_baseline(
            settings, session, viewer, clock, asked.counties[0], asked.as_of, out, asked.edition, snapshot.id
        )
    else:
        compile_assessment(settings, session, viewer, clock, asked, out)


def _asked(proof: Mapping[str, Any]) -> Wanted:
    """What the report was asked for; a baseline has no period."""
    told = proof["parameters"]
    try:
        as_of = date.fromisoformat(told["as_of"])
        asked = Wanted(told.get("period", ""), tuple(told["counties"]), as_of, told["edition"], proof["snapshot"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Problem("invalid", f"{PROVENANCE} 的 parameters 不是本系统写的（{error}）") from error
    if not all(isinstance(one, str) for one in (asked.period, *asked.counties, proof["snapshot"])):
        raise Problem("invalid", f"{PROVENANCE} 的 parameters 不是本系统写的")
    return asked


def _proof(folder: Path) -> dict[str, Any]:
    try:
        proof: dict[str, Any] = json.loads((folder / PROVENANCE).read_bytes())
    except (OSError, ValueError) as error:
        raise Problem("invalid", f"{folder} 里没有可读的 {PROVENANCE}，不是本系统编的报告") from error
    if not isinstance(proof, dict):
        raise Problem("invalid", f"{folder / PROVENANCE} 不是本系统写的")
    missing = sorted({"snapshot", "software", "parameters", "files", "tables"} - set(proof))
    if missing:
        raise Problem("invalid", f"{folder / PROVENANCE} 缺少 {'、'.join(missing)}")
    return proof


def _altered(folder: Path) -> tuple[str, ...]:
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise Problem("invalid", f"{folder} 里没有可读的 {SUMS}") from error
    written = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in folder.rglob("*") if path.is_file()
    }
    found.pop(SUMS, None)
    return _unequal(written, found)


def _unequal(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))


@click.command("verify", help="核验一份报告：文件是否原样，快照是否仍给出同样的文件")
@click.argument("folder", metavar="REPORT_DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def verify(folder: Path, as_json: bool) -> None:
    settings = settings_module.from_environment()
    with open_session(settings) as session:
        found = verify_report(settings, session, LOCAL_OPERATOR, SystemClock(), folder)
    if as_json:
        print_json({**asdict(found), "holds": found.holds})
    else:
        click.echo("\n".join(_words(found)))
    if not found.holds:
        raise SystemExit(1)


def _words(found: Verified) -> list[str]:
    lines = [f"{found.report}：快照 {found.snapshot}"]
    if found.altered:
        lines.append(f"与编成时不同的文件：{'、'.join(found.altered)}")
    if found.differing:
        why = f"，软件不同（当时 {found.software_then}，现在 {found.software_now}）" if found.other_software else ""
        tables = (
            f"；其中数据表不同的有 {'、'.join(found.differing_tables)}" if found.differing_tables else "；数据表都相同"
        )
        lines.append(f"由快照重编后不同的文件：{'、'.join(found.differing)}{why}{tables}")
    if found.holds:
        lines.append("文件与编成时一致，由快照重编逐字节相同")
    return lines
