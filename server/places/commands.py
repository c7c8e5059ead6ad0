"""`xiangye places list|locate`; `load` is `load_command.load_with`, given what stamps places anew."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import click

from server.db import open_session
from server.places import naming, queries
from server.places.features import KINDS
from server.places.grid import GRID_LABEL
from server.places.naming import NamedPlaceView
from server.places.rules import Stamp, on_earth
from server.settings import from_environment
from server.web.output import print_json

_SHOWN = tuple(field.name for field in fields(Stamp) if field.name != "prefecture_code")


@click.group("places", help="行政区与网格：载入边界、查询某点所在的县")
def places() -> None: ...


@places.command(
    "list", help="列出现行（或某日有效）的保护地、分区、优先区域、河段、网格、地点；--versions 列出各个版本"
)
@click.option("--kind", type=click.Choice([*KINDS]), help="种类；默认全部（县除外）")
@click.option("--name", help="名称的一部分")
@click.option("--code", help="代码")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="某日有效的版本，默认现行")
@click.option("--versions", is_flag=True, help="列出载入过的版本")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def list_(
    kind: str | None, name: str | None, code: str | None, on: datetime | None, versions: bool, as_json: bool
) -> None:
    settings, day = from_environment(), on.date() if on else None
    with open_session(settings) as session:
        if versions:
            found: list[Any] = [*naming.versions(session, kind)]
        elif kind == "county":
            found = naming.counties(session, settings.home_province, code=code, name=name, on=day)
        else:
            found = [*naming.find(session, kind, code=code, name=name, on=day)]
    if as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        click.echo("没有找到", err=True)
    for one in found:
        click.echo(one.line())


# A southern or western coordinate begins with a minus sign, which must not be taken for an option.
@places.command(
    "locate", help="某点（WGS84 经度 纬度，十进制度）所在的县", context_settings={"ignore_unknown_options": True}
)
@click.argument("lon")
@click.argument("lat")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def locate(lon: str, lat: str, as_json: bool) -> None:
    at = _degrees(lon, "经度"), _degrees(lat, "纬度")
    if not on_earth(*at):
        swapped = "；经度在前、纬度在后，两者可能写反了" if on_earth(at[1], at[0]) else ""
        raise click.UsageError(f"坐标超出范围：经度 {lon}（应在 ±180 之内），纬度 {lat}（应在 ±90 之内）{swapped}")
    settings = from_environment()
    with open_session(settings) as session:
        stamp = queries.locate(session, *at, home_province=settings.home_province)
        label = queries.grid_label(session)
        lies_in = [one for code in (*stamp.areas, *stamp.zones) for one in naming.find(session, code=code)]
    if as_json:
        print_json({name: getattr(stamp, name) for name in _SHOWN})
    else:
        click.echo("\n".join(_lines(stamp, label, lies_in)))


def _degrees(written: str, what: str) -> float:
    try:
        return float(written)
    except ValueError:
        raise click.UsageError(f"{what} {written!r} 不是数字；请用十进制度，例如 112.9526 25.0131") from None


def _lines(stamp: Stamp, label: str, lies_in: Sequence[NamedPlaceView]) -> list[str]:
    if stamp.county_code is None:
        county = "不在任何县级行政区内"
    else:
        county = f"{stamp.prefecture_name} {stamp.county_name}（{stamp.county_code}）" + (
            "" if stamp.in_scope else "，不在本省"
        )
    distance = "" if stamp.distance_to_border_m is None else f"距县界 {stamp.distance_to_border_m:.0f} 米"
    doubt = f"不确定：{distance}，近于边界数据的精度" if stamp.uncertain else distance
    size = "10 km " if label == GRID_LABEL else ""
    grid = f"{size}网格 {stamp.grid_cell}（{label}）" if stamp.grid_cell else ""
    height = "" if stamp.elevation_m is None else f"高程 {stamp.elevation_m:.0f} 米"
    cover = f"地表覆盖 {stamp.land_cover}" if stamp.land_cover else ""
    areas = [f"{KINDS[one.kind]} {one.name_zh}（{one.code}）" for one in lies_in]
    return [line for line in (county, doubt, *areas, grid, height, cover, f"边界版本 {stamp.boundary_version}") if line]
