"""`xiangye compile baseline`."""

from datetime import datetime
from pathlib import Path

import click

from server import settings as settings_module
from server.accounts.viewer import LOCAL_OPERATOR
from server.baselines.edition import EDITIONS
from server.baselines.service import compile_baseline
from server.db import open_session
from server.reporting.publication import FolderInTheWay
from server.web.output import print_json
from shared.clock import SystemClock


@click.command("baseline", help="汇编一个县的生物多样性本底调查报告")
@click.option("--county", required=True, help="县级行政区划代码，例如 431022")
@click.option(
    "--as-of", "as_of", required=True, type=click.DateTime(["%Y-%m-%d"]), help="数据截止日期（北京时间当日24时）"
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="报告文件夹")
@click.option("--edition", required=True, type=click.Choice(sorted(EDITIONS)), help="public 公开版，restricted 内部版")
@click.option("--snapshot", "snapshot_id", help="用已有的快照重新汇编")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def baseline(county: str, as_of: datetime, out: Path, edition: str, snapshot_id: str | None, as_json: bool) -> None:
    settings = settings_module.from_environment()
    with open_session(settings) as session:
        try:
            made = compile_baseline(
                settings, session, LOCAL_OPERATOR, SystemClock(), county, as_of.date(), out, edition, snapshot_id
            )
        except FolderInTheWay as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        print_json(
            {"report": str(made.report), "files": list(made.files), "snapshot": made.snapshot, "digest": made.digest}
        )
    else:
        click.echo(f"已汇编 {EDITIONS[edition].title}：{made.report}（{made.species} 种，快照 {made.snapshot}）")
