"""`xiangye media sweep`: files that nothing refers to, taken away after a stated time. `xiangye media unseal`: sealed photos whose
key came later."""

from dataclasses import asdict
from datetime import timedelta

import click

from server.accounts.viewer import LOCAL_OPERATOR
from server.audit.restored import refuse_behind
from server.db import open_session, session_factory
from server.media.store import open_store
from server.media.sweeping import Sweep
from server.media.unsealing import Desk
from server.settings import from_environment
from server.web.output import print_json
from shared.clock import SystemClock


@click.group("media", help="照片")
def media() -> None: ...


@media.command("sweep", help="清理无主的文件（过期未传完的上传、没有登记的照片文件），并把解码进程中止的照片再解码一次")
@click.option(
    "--hours", type=click.IntRange(1, 24 * 365), default=1, show_default=True, help="只清理早于这么多小时的文件"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def sweep(hours: int, as_json: bool) -> None:
    settings = from_environment()
    now = SystemClock().now()
    with open_session(settings) as session:
        refuse_behind(session, settings.var_dir)
    done = Sweep(session_factory(settings), open_store(settings), now, timedelta(hours=hours)).all()
    if as_json:
        print_json(asdict(done))
        return
    click.echo(
        f"已清理：过期上传 {done.uploads} 个，残留片段 {done.parts} 个，无登记原片 {done.originals} 张、"
        f"预览图 {done.renditions} 张，未写完的文件 {done.unfinished} 个；腾出 {done.bytes_freed / 1e6:.1f} MB；"
        f"解码进程曾中止的照片，再试后可显示 {done.decoded} 张"
    )


@media.command("unseal", help="密钥补齐之后，打开先前打不开的密封照片")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def unseal(as_json: bool) -> None:
    settings = from_environment()
    with open_session(settings) as session:
        opened = Desk(session, SystemClock(), open_store(settings)).open_waiting(LOCAL_OPERATOR.name)
    if as_json:
        print_json({"opened": opened})
        return
    click.echo(f"已打开密封照片 {opened} 张")
