"""`xiangye places load|locate`."""

from dataclasses import asdict, fields

import click

from server.db import open_session
from server.places import queries, service
from server.places.grid import GRID_LABEL
from server.places.rules import Stamp, on_earth
from server.settings import from_environment
from server.web.output import print_json

_SHOWN = tuple(field.name for field in fields(Stamp) if field.name != "prefecture_code")


@click.group("places", help="行政区与网格：载入边界、查询某点所在的县")
def places() -> None: ...


@places.command("load", help="载入默认的县级边界和停用代码表；已载入过的不再改动")
@click.option("--json", "as_json", is_flag=True)
def load(as_json: bool) -> None:
    with open_session(from_environment()) as session:
        loaded = service.load_counties(session)
    if as_json:
        print_json(asdict(loaded))
    else:
        done = "已载入" if loaded.changed else "早已载入，未作改动"
        click.echo(
            f"{done}：{loaded.counties} 个县级行政区，{loaded.aliases} 个停用或统计用代码（边界版本 {loaded.boundary_version}）"
        )


# A southern or western coordinate begins with a minus sign, which must not be taken for an option.
@places.command(
    "locate", help="某点（WGS84 经度 纬度，十进制度）所在的县", context_settings={"ignore_unknown_options": True}
)
@click.argument("lon")
@click.argument("lat")
@click.option("--json", "as_json", is_flag=True)
def locate(lon: str, lat: str, as_json: bool) -> None:
    at = _degrees(lon, "经度"), _degrees(lat, "纬度")
    if not on_earth(*at):
        swapped = "；经度在前、纬度在后，两者可能写反了" if on_earth(at[1], at[0]) else ""
        raise click.UsageError(f"坐标超出范围：经度 {lon}（应在 ±180 之内），纬度 {lat}（应在 ±90 之内）{swapped}")
    settings = from_environment()
    with open_session(settings) as session:
        stamp = queries.locate(session, *at, home_province=settings.home_province)
    if as_json:
        print_json({name: getattr(stamp, name) for name in _SHOWN})
    else:
        click.echo("\n".join(_lines(stamp)))


def _degrees(written: str, what: str) -> float:
    try:
        return float(written)
    except ValueError:
        raise click.UsageError(f"{what} {written!r} 不是数字；请用十进制度，例如 112.9526 25.0131") from None


def _lines(stamp: Stamp) -> list[str]:
    if stamp.county_code is None:
        county = "不在任何县级行政区内"
    else:
        county = f"{stamp.prefecture_name} {stamp.county_name}（{stamp.county_code}）" + (
            "" if stamp.in_scope else "，不在本省"
        )
    distance = "" if stamp.distance_to_border_m is None else f"距县界 {stamp.distance_to_border_m:.0f} 米"
    doubt = f"不确定：{distance}，近于边界数据的精度" if stamp.uncertain else distance
    grid = f"10 km 网格 {stamp.grid_cell}（{GRID_LABEL}）" if stamp.grid_cell else ""
    return [line for line in (county, doubt, grid, f"边界版本 {stamp.boundary_version}") if line]
