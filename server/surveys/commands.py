"""`xiangye survey add|list`."""

from uuid import UUID

import click
from sqlalchemy import select

from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.settings import from_environment
from server.surveys import service
from server.surveys.cross_border import set_cross_border
from server.surveys.model import CROSS_BORDER, NEEDS_REVIEW, Survey
from server.web.output import print_json
from shared.clock import SystemClock
from shared.vocabulary import SURVEY_KINDS, label

_KINDS_HELP = "种类：" + "、".join(f"{kind} {SURVEY_KINDS[kind]}" for kind in sorted(SURVEY_KINDS))


@click.group("survey", help="调查项目")
def survey() -> None: ...


@survey.command("add", help="新建调查项目和它的数据集")
@click.option("--title", required=True, help="名称")
@click.option("--kind", required=True, type=click.Choice(sorted(SURVEY_KINDS)), help=_KINDS_HELP)
@click.option("--owner", default="", help="数据所有单位")
@click.option("--county", "counties", multiple=True, help="县级代码，可重复")
@click.option(
    "--cross-border",
    type=click.Choice(sorted(CROSS_BORDER)),
    default=NEEDS_REVIEW,
    show_default=True,
    help="数据能否出境：allowed 可以，needs_review 须经审查，forbidden 不得；不得出境的不进公开数据",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def add(title: str, kind: str, owner: str, counties: tuple[str, ...], cross_border: str, as_json: bool) -> None:
    clock = SystemClock()
    with open_session(from_environment()) as session:
        dataset = service.add_dataset(session, clock, title, owner or "未注明")
        set_cross_border(session, clock, LOCAL_OPERATOR.name, dataset.id, cross_border)
        made = service.add_survey(session, clock, title, kind, dataset, counties)
        answer = {"survey_id": str(made.id), "dataset_id": str(dataset.id), "title": title, "kind": kind}
    print_json(answer) if as_json else click.echo(answer["survey_id"])


@survey.command("cross-border", help="设定一个调查项目的数据集能否出境")
@click.argument("survey_id", type=click.UUID)
@click.argument("flag", type=click.Choice(sorted(CROSS_BORDER)))
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def cross_border_(survey_id: UUID, flag: str, as_json: bool) -> None:
    with open_session(from_environment()) as session:
        dataset_id = service.survey(session, survey_id).dataset_id
        dataset = set_cross_border(session, SystemClock(), LOCAL_OPERATOR.name, dataset_id, flag)
        answer = {"dataset_id": str(dataset.id), "title": dataset.title, "cross_border": dataset.cross_border}
    print_json(answer) if as_json else click.echo(f"“{answer['title']}”：{CROSS_BORDER[flag]}")


@survey.command("list", help="列出调查项目")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def list_(as_json: bool) -> None:
    with open_session(from_environment()) as session:
        rows = [
            {"survey_id": str(row.id), "dataset_id": str(row.dataset_id), "title": row.title, "kind": row.kind}
            for row in session.scalars(select(Survey).order_by(Survey.created_at, Survey.id))
        ]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['survey_id']}  {label(SURVEY_KINDS, row['kind'])}  {row['title']}")
