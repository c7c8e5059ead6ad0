"""`xiangye relay …`: a station's laptop. `admit`, `revoke` and `list` belong to the province, the others to the station."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from server.operations import gunicorn_arguments, port_is_free
from server.relay.commands import admit, list_, revoke
from server.settings import from_environment
from server.station.passing import NoLine, Passing
from server.station.serving import HOME, PAUSE
from server.station.spool import Spool, keep_credential
from server.web.output import print_json
from shared.clock import SystemClock

_home = click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), help="监测站的数据文件夹（默认 var/relay）"
)
_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")


@click.group("relay", help="监测站中转：没有互联网时接收平板的记录和照片，有网时转交省级服务器")
def relay() -> None: ...


for _command in (admit, revoke, list_):
    relay.add_command(_command)


@relay.command("join", help="接入省级服务器：从标准输入读取凭证（xiangye relay admit 给出），取得可接收的平板名单")
@click.argument("url")
@click.option("--name", default="监测站", show_default=True, help="监测站名称，显示在平板上")
@_home
def join(url: str, name: str, home: Path | None) -> None:
    if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:")):
        raise click.UsageError("省级服务器地址须以 https:// 开头：凭证会被他人截获")
    credential = sys.stdin.readline().strip()
    if not credential:
        raise click.UsageError("请把凭证送入标准输入，例如：echo 凭证 | xiangye relay join 地址")
    spool = _spool(home)
    keep_credential(spool.home, credential)
    spool.keep(province_url=url.rstrip("/"), name=name)
    passing = _passing(spool)
    try:
        passing.learn_tablets()
    except NoLine as failure:
        raise click.ClickException(str(failure)) from failure
    click.echo(f"已接入 {spool.setting('province')}，可接收 {len(spool.tablets())} 台平板")


@relay.command("serve", help="在局域网内接收平板；有网时自动转交")
@click.option("--host", default="0.0.0.0", show_default=True, help="监听的地址")  # noqa: S104 - tablets come over the station's own network
@click.option("--port", default=8720, show_default=True, type=click.IntRange(1, 65535), help="监听的端口")
@click.option("--every", default=300, show_default=True, type=click.IntRange(1), help="每隔多少秒试着转交一次")
@_home
def serve(host: str, port: int, every: int, home: Path | None) -> None:
    spool = _spool(home)
    if not spool.setting("tablets_at"):
        raise click.ClickException("监测站还没有接入省级服务器：请在有网时先运行 xiangye relay join")
    if not port_is_free(host, port):
        raise click.ClickException(f"端口 {port} 已被占用 (port taken)：用 --port 另选一个")
    os.environ.update({HOME: str(spool.home), PAUSE: str(every)})
    spool.close()
    words = gunicorn_arguments(host, port, 1, preload=False)
    words[-1] = "server.station.serving:station_app()"
    os.execv(sys.executable, [sys.executable, *words])


@relay.command("pass", help="现在就转交；并更新可接收的平板名单")
@_json
@_home
def pass_(home: Path | None, as_json: bool) -> int:
    passing = _passing(_spool(home))
    try:
        done = passing.run()
    except NoLine as failure:
        raise click.ClickException(str(failure)) from failure
    finally:
        passing.close()
    print_json(vars(done)) if as_json else click.echo("\n".join(done.lines()))
    return int(bool(done.problems))


@relay.command("status", help="还有哪些平板的多少记录和照片等待转交")
@_json
@_home
def status(home: Path | None, as_json: bool) -> None:
    spool = _spool(home)
    told = {
        "holder": spool.holder,
        "province": spool.setting("province"),
        "tablets": len(spool.tablets()),
        "tablets_at": spool.setting("tablets_at"),
        "waiting": [{**one, "name": spool.name_of(one["device_id"])} for one in spool.backlog()],
    }
    print_json(told) if as_json else click.echo("\n".join(_words(told)))


def _words(told: dict[str, Any]) -> list[str]:
    lines = [f"可接收 {told['tablets']} 台平板（名单取于 {told['tablets_at'] or '从未'}）"]
    if not told["waiting"]:
        return [*lines, "没有等待转交的内容"]
    return lines + [
        f"{one['name']}：{one['records']} 条记录、{one['photos']} 张照片等待转交（{one['byte_count'] / 1e6:.1f} MB），"
        f"最早收到于 {one['oldest']}" + (f"；上次未能转交：{one['reason']}" if one["reason"] else "")
        for one in told["waiting"]
    ]


def _spool(home: Path | None) -> Spool:
    return Spool(home or from_environment().var_dir / "relay")


def _passing(spool: Spool) -> Passing:
    try:
        return Passing(spool, SystemClock())
    except NoLine as failure:
        raise click.ClickException(str(failure)) from failure
