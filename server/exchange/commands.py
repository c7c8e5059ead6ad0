"""`xiangye import`, `xiangye export`."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from server.accounts.model import Person
from server.accounts.service import add_person
from server.accounts.viewer import Actor
from server.db import open_session
from server.exchange.export import export_file
from server.exchange.service import import_file
from server.exchange.writing import FORMATS
from server.rescue.commands import import_rescues
from server.rescue.service import is_rescue_file
from server.settings import from_environment
from server.web.output import print_json
from shared.clock import Clock, SystemClock
from shared.ids import uuid7_from
from shared.problems import Problem

OPERATOR = uuid7_from("xiangye local operator", 0)
IMPORTER = uuid7_from("xiangye import", 0)
"""The person and the device in whose name the command line brings records in."""
_SHOWN_PROBLEMS = 20
_SHOWN_NAMES = 10


@click.command("import", help="导入达尔文核心档案（DwC-A）、CSV/TSV 或 Camtrap DP 观测表；或平板的救援文件，可一次多个")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--survey", "survey_id", help="调查项目编号（xiangye survey list 列出）；救援文件不需要")
@click.option("--dataset", "dataset_id", help="数据集编号；省略时用调查项目自己的数据集")
@click.option(
    "--mapping", help="列对照表：darwin_core、geonature_fr、camtrap_dp、zh_columns，或 JSON 文件；省略时按列名识别"
)
@click.option("--as", "person_id", help="以某人的名义导入（人员编号）；省略时为本机操作员")
@click.option("--dry-run", is_flag=True, help="只检查并报告，不写入")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="把报告写成 JSON 文件")
@click.option(
    "--vouched", metavar="REASON", help="救援文件没有可核对的签名时，由操作员担保导入，写明理由，记入审计日志"
)
@click.option("--json", "as_json", is_flag=True, help="在标准输出打印 JSON 报告")
def import_(
    files: tuple[Path, ...],
    survey_id: str | None,
    dataset_id: str | None,
    mapping: str | None,
    person_id: str | None,
    dry_run: bool,
    report: Path | None,
    vouched: str | None,
    as_json: bool,
) -> int:
    if any(path.is_file() and is_rescue_file(path) for path in files):
        return import_rescues(files, vouched, as_json)
    if len(files) > 1:
        raise click.UsageError("一次只能导入一个表格；救援文件可以一次多个")
    if survey_id is None:
        raise click.UsageError("Missing option '--survey'.")
    file, clock = files[0], SystemClock()
    survey, dataset = _uuid(survey_id, "survey"), _uuid(dataset_id, "dataset") if dataset_id else None
    with open_session(from_environment()) as session:
        actor = _actor(session, clock, _uuid(person_id, "as") if person_id else None, dry_run)
        result = import_file(session, actor, clock, file, survey, dataset, mapping, dry_run)
        if report is not None:
            # Before the commit: a report that cannot be written leaves nothing behind.
            report.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print_json(result) if as_json else _tell(result)
    return 0


@click.command("export", help="导出出现记录")
@click.option("--format", "file_format", required=True, type=click.Choice(sorted(FORMATS)), help="文件格式")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="写到哪个文件")
@click.option("--survey", "survey_id", help="只导出一个调查项目")
@click.option("--county", help="只导出一个县（县级代码）")
@click.option(
    "--edition",
    type=click.Choice(["restricted", "public"]),
    default="restricted",
    show_default=True,
    help="public 只含公开位置；敏感物种一行不表示一条记录",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def export(file_format: str, out: Path, survey_id: str | None, county: str | None, edition: str, as_json: bool) -> None:
    survey = _uuid(survey_id, "survey") if survey_id else None
    with open_session(from_environment()) as session:
        answer = export_file(session, SystemClock(), out, file_format, survey, county, public=edition == "public")
    print_json(answer) if as_json else click.echo(f"已导出 {answer['occurrences']} 条记录：{out}")


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Problem(
            "survey_unknown" if field == "survey" else "invalid", f"{text!r} 不是编号 (not an id)", field=field
        ) from error


def _actor(session: Session, clock: Clock, person_id: UUID | None, dry_run: bool) -> Actor:
    if person_id is not None and session.get(Person, person_id) is None:
        raise Problem("not_found", f"没有编号为 {person_id} 的人员", field="as")
    if person_id is None and not dry_run and session.get(Person, OPERATOR) is None:
        add_person(session, clock, "本机操作员", person_id=OPERATOR)
    return Actor(person_id or OPERATOR, IMPORTER, follows_anybody=True)


def _tell(report: dict[str, Any]) -> None:
    verb = "检查（未写入）" if report["dry_run"] else "导入"
    click.echo(
        f"{verb} {report['file']}：读 {report['read']} 行，保留 {report['kept']}（其中存疑 {report['flagged']}），"
        f"已有 {report['already_have']}，拒绝 {report['rejected']}"
    )
    notes = {
        "new_versions": "更新的记录",
        "evidence_only": "只作证据",
        "out_of_scope": "不在本省",
        "name_unknown": "名称不在名录",
    }
    told = [f"{words} {report[name]}" for name, words in notes.items() if report[name]]
    if told:
        click.echo("  " + "，".join(told))
    for problem in report["problems"][:_SHOWN_PROBLEMS]:
        click.echo(f"  第 {problem['row']} 行 {problem['field']} [{problem['code']}] {problem['message']}")
    if len(report["problems"]) > _SHOWN_PROBLEMS:
        click.echo(f"  …… 共 {len(report['problems'])} 条，--report 写出全部")
    for name in report["names"][:_SHOWN_NAMES]:
        rows = f"第 {name['row']} 行" + (f"等 {name['rows']} 行" if name["rows"] > 1 else "")
        click.echo(f"  {rows} {name['field']} [{name['code']}] {name['message']}")
    if len(report["names"]) > _SHOWN_NAMES:
        click.echo(f"  …… 共 {len(report['names'])} 个存疑的名称，--report 写出全部")
