"""`xiangye compile assessment`."""

from datetime import datetime
from pathlib import Path

import click

from server import settings as settings_module
from server.accounts.viewer import LOCAL_OPERATOR
from server.assessments.service import Assessed, Wanted, compile_assessment
from server.baselines.edition import EDITIONS
from server.db import open_session
from server.reporting.publication import FolderInTheWay
from server.web.output import print_json
from shared.clock import SystemClock, today_in_china


@click.command("assessment", help="汇编全省或所选县的五年生物多样性综合评估报告")
@click.option("--period", required=True, help="评估期，例如 2021-2025；与之前同样长的一期比较")
@click.option("--county", "counties", multiple=True, help="县级行政区划代码，可重复；不给则为全省")
@click.option("--as-of", "as_of", type=click.DateTime(["%Y-%m-%d"]), help="数据截止日期（北京时间当日24时），默认今天")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="报告文件夹")
@click.option(
    "--edition",
    default="public",
    show_default=True,
    type=click.Choice(sorted(EDITIONS)),
    help="public 公开版，restricted 内部版",
)
@click.option("--snapshot", "snapshot_id", help="用已有的快照重新汇编")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def assessment(
    period: str,
    counties: tuple[str, ...],
    as_of: datetime | None,
    out: Path,
    edition: str,
    snapshot_id: str | None,
    as_json: bool,
) -> None:
    clock = SystemClock()
    day = as_of.date() if as_of else today_in_china(clock)
    settings = settings_module.from_environment()
    with open_session(settings) as session:
        try:
            made = compile_assessment(
                settings, session, LOCAL_OPERATOR, clock, Wanted(period, counties, day, edition, snapshot_id), out
            )
        except FolderInTheWay as error:
            raise click.ClickException(str(error)) from error
    _tell(made, edition, as_json)


def _tell(made: Assessed, edition: str, as_json: bool) -> None:
    if as_json:
        print_json(
            {"report": str(made.report), "files": list(made.files), "snapshot": made.snapshot, "digest": made.digest}
        )
    else:
        click.echo(
            f"已汇编 {EDITIONS[edition].title}：{made.report}（{made.counties} 个县有数据，{made.species} 种，快照 {made.snapshot}）"
        )
