"""`xiangye places load`: what a person says, what would change, a yes, and what was done."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from server.db import open_session
from server.places import load_raster, service
from server.places.confirming import confirm
from server.places.drafts import Options
from server.places.features import KINDS, RASTERS
from server.places.preparing import Prepared
from server.places.restamped import Restamp, Restamped, restamped_json, restamped_lines
from server.places.shift import DATUMS
from server.places.staging import LIMIT_BYTES
from server.settings import Settings, from_environment
from server.web.output import print_json

_BY = "local operator"
_TOLD = 40


def load_with(restamp: Restamp) -> click.Command:
    """The command, given what stamps every place anew in the transaction of the load."""

    @click.command("load", help="载入图层（不给文件：默认的县界、停用代码和登记名录）；先显示差异，确认后才写入")
    @click.argument("file", required=False, type=click.Path(path_type=Path))
    @click.option("--kind", type=click.Choice([*KINDS, "raster"]), help="图层的种类；给出文件时必填")
    @click.option("--raster", type=click.Choice([*RASTERS]), help="栅格的种类，与 --kind raster 同用")
    @click.option(
        "--legend",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="土地覆被的图例（JSON：值 → 名称）",
    )
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
    @click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
    def load(file: Path | None, kind: str | None, yes: bool, dry_run: bool, as_json: bool, **said: Any) -> None:
        settings = from_environment()
        if file is None:
            _defaults(settings, restamp, kind, as_json)
            return
        if kind is None:
            raise click.UsageError(
                f"请用 --kind 说明图层的种类：{'、'.join(f'{k}（{zh}）' for k, zh in KINDS.items())}"
            )
        said["valid_from"] = _day(said["valid_from"])
        if kind == "raster":
            load_raster.load_raster(settings, restamp, _BY, file, said, yes=yes, dry_run=dry_run, as_json=as_json)
            return
        with open_session(settings) as session:
            prepared = service.prepare(session, file, kind, _options(said), settings.home_province)
        _show(prepared, as_json)
        if prepared.difference.is_nothing or dry_run:
            _report(prepared, None, [], as_json)
            return
        confirm(prepared.version, yes)
        with open_session(settings) as session:
            loaded = service.load_layer(session, prepared, _BY)
            moved = restamp(session, _BY) if loaded.changed else []
        _report(prepared, loaded, moved, as_json)

    return load


def _day(said: datetime | None) -> date | None:
    return None if said is None else date(said.year, said.month, said.day)


def _options(said: dict[str, Any]) -> Options:
    for_rasters = [option for option in ("raster", "legend") if said.pop(option) is not None]
    if for_rasters:
        raise click.UsageError(f"--{for_rasters[0]} 只与 --kind raster 同用")
    return Options(limit_bytes=int(said.pop("max_mb")) * 1_000_000, **said)


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
    lines += [f"  提示：{words}" for words in prepared.told[:_TOLD]]
    if len(prepared.told) > _TOLD:
        lines.append(f"  ……另有 {len(prepared.told) - _TOLD} 条提示（--json 列出全部）")
    lines += ["与现行版本相比：" if prepared.before else "此前没有这种图层：", *prepared.difference.lines()]
    click.echo("\n".join(lines), err=as_json)


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
                "restamped": restamped_json(moved),
            }
        )
        return
    if loaded is None:
        click.echo("内容与现行版本相同，未作改动" if prepared.difference.is_nothing else "只作核对，未写入")
        return
    done = f"已载入版本 {loaded.version}：写入 {loaded.written} 个，沿用 {loaded.carried} 个"
    click.echo("\n".join([done, *restamped_lines(moved)]))
