"""`xiangye places load`: what a person says, what would change, a yes, and what was done."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import click
from sqlalchemy.orm import Session

from server.db import open_session
from server.places import service
from server.places.drafts import Options
from server.places.features import KINDS
from server.places.preparing import Prepared
from server.places.shift import DATUMS
from server.places.staging import LIMIT_BYTES
from server.settings import Settings, from_environment
from server.web.output import print_json

_BY = "local operator"


class Restamped(Protocol):
    """One new layer held against every place: how many were looked at, how many stand elsewhere now."""

    @property
    def kind(self) -> str: ...
    @property
    def checked(self) -> int: ...
    @property
    def moved(self) -> int: ...


Restamp = Callable[[Session, str], Sequence[Restamped]]


def load_with(restamp: Restamp) -> click.Command:
    """The command, given what stamps every place anew in the transaction of the load."""

    @click.command("load", help="载入图层（不给文件：默认的县界、停用代码和登记名录）；先显示差异，确认后才写入")
    @click.argument("file", required=False, type=click.Path(path_type=Path))
    @click.option("--kind", type=click.Choice([*KINDS]), help="图层的种类；给出文件时必填")
    @click.option("--crs", help="文件没有声明坐标系时，例如 EPSG:4547")
    @click.option("--datum", type=click.Choice(DATUMS), help="坐标基准，仅在自动判断不对时需要")
    @click.option("--name-field", help="名称列")
    @click.option("--code-field", help="代码列")
    @click.option("--layer", help="GeoPackage 或 KML 里的图层名")
    @click.option("--label", help="这个版本的名称")
    @click.option("--source", help="来源（发布单位、文号）；给出来源的视为已核实")
    @click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), help="生效日期，默认今天")
    @click.option("--drop-missing", is_flag=True, help="文件里没有的不再沿用（县界只及本省）")
    @click.option("--gone", multiple=True, metavar="CODE", help="自此版本起不再有的代码，可多次给出")
    @click.option(
        "--max-mb",
        default=LIMIT_BYTES // 1_000_000,
        show_default=True,
        type=click.IntRange(1, 20_000),
        help="文件大小上限",
    )
    @click.option("--yes", is_flag=True, help="不再询问")
    @click.option("--dry-run", is_flag=True, help="只显示差异，不写入")
    @click.option("--json", "as_json", is_flag=True)
    def load(file: Path | None, kind: str | None, yes: bool, dry_run: bool, as_json: bool, **said: Any) -> None:
        settings = from_environment()
        if file is None:
            _defaults(settings, restamp, kind, as_json)
            return
        if kind is None:
            raise click.UsageError(
                f"请用 --kind 说明图层的种类：{'、'.join(f'{k}（{zh}）' for k, zh in KINDS.items())}"
            )
        with open_session(settings) as session:
            prepared = service.prepare(session, file, kind, _options(said), settings.home_province)
        _show(prepared, as_json)
        if prepared.difference.is_nothing or dry_run:
            _report(prepared, None, [], as_json)
            return
        _ask(prepared, yes)
        with open_session(settings) as session:
            loaded = service.load_layer(session, prepared, _BY)
            moved = restamp(session, _BY) if loaded.changed else []
        _report(prepared, loaded, moved, as_json)

    return load


def _options(said: dict[str, Any]) -> Options:
    since: datetime | None = said.pop("valid_from")
    limit = int(said.pop("max_mb")) * 1_000_000
    return Options(
        **said, valid_from=None if since is None else date(since.year, since.month, since.day), limit_bytes=limit
    )


def _defaults(settings: Settings, restamp: Restamp, kind: str | None, as_json: bool) -> None:
    if kind is not None:
        raise click.UsageError("--kind 须与文件同用；不给文件则载入默认的县界、停用代码和登记名录")
    with open_session(settings) as session:
        loaded, registers = service.load_defaults(session)
        if loaded.changed or registers:
            restamp(session, _BY)
    if as_json:
        print_json(asdict(loaded) | {"changed": loaded.changed or bool(registers), "registers": registers})
        return
    done = "已载入" if loaded.changed else "早已载入，未作改动"
    click.echo(
        f"{done}：{loaded.counties} 个县级行政区，{loaded.aliases} 个停用或统计用代码（边界版本 {loaded.boundary_version}）"
    )
    for one, count in registers.items():
        click.echo(f"已载入登记名录：{KINDS[one]} {count} 个（无边界；以同名或同代码的图层补上边界）")


def _show(prepared: Prepared, as_json: bool) -> None:
    """To a person on stderr where stdout is for JSON."""
    lines = [f"{KINDS[prepared.kind]}：{prepared.file}，坐标系 {prepared.crs}，自 {prepared.valid_from} 起生效"]
    lines += [f"  提示：{words}" for words in prepared.told]
    lines += ["与现行版本相比：" if prepared.before else "此前没有这种图层：", *prepared.difference.lines()]
    click.echo("\n".join(lines), err=as_json)


def _ask(prepared: Prepared, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("不在终端上运行，无法询问：核对差异后加 --yes 写入，或加 --dry-run 只看差异")
    click.confirm(f"写入新版本 {prepared.version}？", abort=True, err=True)


def _report(prepared: Prepared, loaded: service.LoadedLayer | None, moved: Sequence[Restamped], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "kind": prepared.kind,
                "version": prepared.before if loaded is None else loaded.version,
                "before": prepared.before,
                "changed": loaded is not None and loaded.changed,
                "valid_from": prepared.valid_from,
                "crs": prepared.crs,
                "told": prepared.told,
                "difference": prepared.difference.as_json(),
                "restamped": [{"kind": one.kind, "checked": one.checked, "moved": one.moved} for one in moved],
            }
        )
        return
    if loaded is None:
        click.echo("内容与现行版本相同，未作改动" if prepared.difference.is_nothing else "只作核对，未写入")
        return
    click.echo(f"已载入版本 {loaded.version}：写入 {loaded.written} 个，沿用 {loaded.carried} 个")
    for one in moved:
        click.echo(f"重新盖戳（{one.kind}）：查看 {one.checked} 个位置，{one.moved} 个有变；记录本身未动")
