"""`xiangye verification rules|trial|run|queue|checks`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError

from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.settings import from_environment
from server.verification import queries, ruling
from server.verification.model import VerificationRule
from server.verification.rules import KINDS, SEVERITIES
from server.web import complaints
from server.web.output import print_json
from shared.clock import SystemClock
from shared.problems import Problem
from shared.strict_json import NotJson, read

_STATES = {"draft": "草稿", "active": "生效", "retired": "停用"}
_STATES_HELP = "只列这一状态的：" + "、".join(f"{state} {zh}" for state, zh in _STATES.items())


@click.group("verification", help="审核：规则、试运行、重新检查、队列")
def verification() -> None: ...


@verification.group("rules", invoke_without_command=True, help="列出规则；add、activate、retire 修改")
@click.option("--state", type=click.Choice(list(_STATES)), default="active", show_default=True, help=_STATES_HELP)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
@click.pass_context
def rules(context: click.Context, state: str, as_json: bool) -> None:
    if context.invoked_subcommand is not None:
        return
    with open_session(from_environment()) as session:
        rows = [_told(row) for row in queries.rule_rows(session, SystemClock().now(), state)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        about = row["scientific_name"] or row["group_zh"] or "全部"
        click.echo(
            f"{row['rule_id']}  第{row['version']}版  {KINDS[row['kind']].title_zh}  {row['title_zh']}（{about}）"
            f"  {SEVERITIES[row['severity']]}  来源：{row['source']}（{'已核对' if row['source_status'] == 'verified' else '未核对'}）"
        )


@rules.command("add", help="由 JSON 文件起草规则的新一版；试运行之后才能生效")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def add(file: Path, as_json: bool) -> None:
    from server.verification.schemas import RuleDraftSchema

    try:
        given: dict[str, Any] = RuleDraftSchema().load(read(file.read_bytes()))
    except (NotJson, ValidationError) as error:
        words = complaints.told(error.messages) if isinstance(error, ValidationError) else str(error)
        raise Problem("invalid", f"{file} 不是一条规则：{words}") from error
    with open_session(from_environment()) as session:
        row = _told(ruling.draft(session, LOCAL_OPERATOR, SystemClock(), given))
    print_json(row) if as_json else click.echo(f"已起草 {row['rule_id']} 第 {row['version']} 版")


@rules.command("activate", help="让试运行过的一版生效，代替原来的一版")
@click.argument("rule_id")
@click.argument("version", type=int)
def activate(rule_id: str, version: int) -> None:
    with open_session(from_environment()) as session:
        ruling.activate(session, LOCAL_OPERATOR, SystemClock(), rule_id, version)
    click.echo(f"{rule_id} 第 {version} 版已生效；xiangye verification run 用它重新检查已有记录")


@rules.command("retire", help="停用一条规则")
@click.argument("rule_id")
def retire(rule_id: str) -> None:
    with open_session(from_environment()) as session:
        if not ruling.retire(session, LOCAL_OPERATOR, SystemClock(), rule_id):
            raise Problem("not_found", f"没有生效的规则 {rule_id}")
    click.echo(f"{rule_id} 已停用")


@verification.command("trial", help="在已有记录上试运行规则的一版，不改变任何记录")
@click.argument("rule_id")
@click.argument("version", type=int)
@click.option("--newest", type=click.IntRange(1), help="只试最新的这么多条")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def trial(rule_id: str, version: int, newest: int | None, as_json: bool) -> None:
    with open_session(from_environment()) as session:
        told = ruling.try_on_past(session, LOCAL_OPERATOR, SystemClock(), rule_id, version, newest)
    if as_json:
        print_json(asdict(told))
        return
    click.echo(f"检查 {told.checked} 条，指出 {told.found} 条；比现行版多 {told.gained} 条，少 {told.lost} 条")
    for one in told.sample:
        click.echo(f"  {one['record_id']}  {one['words_zh']}")


@verification.command("run", help="用生效的规则重新检查全部记录")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def run(as_json: bool) -> None:
    with open_session(from_environment()) as session:
        checked = ruling.run_everything(session, LOCAL_OPERATOR, SystemClock())
    print_json({"checked": checked}) if as_json else click.echo(f"已检查 {checked} 条")


@verification.command("queue", help="各级待审核的记录")
@click.option("--level", "queue_", type=click.Choice(queries.LEVELS), help="只列这一级")
@click.option("--county", help="县级代码")
@click.option("--flagged/--all", default=None, help="只列有疑点的")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="最多列几条")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def queue(queue_: str | None, county: str | None, flagged: bool | None, limit: int, as_json: bool) -> None:
    asked: dict[str, Any] = {"queue": queue_, "states": [], "county": county, "flagged": flagged or None, "rule": None}
    with open_session(from_environment()) as session:
        counted = queries.count_waiting(session, LOCAL_OPERATOR, asked)
        rows = queries.waiting(session, LOCAL_OPERATOR, asked, limit, None)[:limit]
        items = list(queries.shown(session, rows).values())
    if as_json:
        print_json({"count": counted, "items": items})
        return
    click.echo("，".join(f"{queries.LEVELS_ZH[level]} {count} 条" for level, count in counted.items()))
    for one in items:
        doubts = "；".join(found["words_zh"] for found in one["findings"]) or "没有疑点"
        name = one["name_zh"] or one["scientific_name"] or "未定名"
        click.echo(f"{one['record_id']}  {one['listed_on']}  {one['county_name'] or '位置不详'}  {name}：{doubts}")


def _told(row: VerificationRule) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in VerificationRule.__table__.columns}
