"""`xiangye places load --kind raster`: shown, asked, written, like a layer of places."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from server.db import open_session
from server.places import rasters
from server.places.confirming import confirm
from server.places.features import RASTERS
from server.places.rasters import PreparedRaster
from server.places.restamped import Restamp, restamped_json, restamped_lines
from server.settings import Settings
from server.web.output import print_json


def load_raster(
    settings: Settings,
    restamp: Restamp,
    by: str,
    file: Path,
    said: dict[str, Any],
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """`said`: raster, legend, label, source, valid_from."""
    raster = said["raster"]
    if raster is None:
        raise click.UsageError(
            f"--kind raster 还须用 --raster 说明是哪一种：{'、'.join(f'{k}（{zh}）' for k, zh in RASTERS.items())}"
        )
    since: date | None = said["valid_from"]
    with open_session(settings) as session:
        prepared = rasters.prepare(
            session,
            file,
            raster,
            legend=said["legend"],
            label=said["label"],
            source=said["source"],
            valid_from=since,
            home_province=settings.home_province,
        )
    click.echo("\n".join(_lines(prepared)), err=as_json)
    same = prepared.before == prepared.version
    if same or dry_run:
        _report(prepared, False, [], as_json, "内容与现行版本相同，未作改动" if same else "只作核对，未写入")
        return
    confirm(prepared.version, yes)
    with open_session(settings) as session:
        changed = rasters.load(session, settings, prepared, by)
        moved = restamp(session, by) if changed else []
    _report(prepared, changed, moved, as_json, f"已载入版本 {prepared.version}")


def _lines(prepared: PreparedRaster) -> list[str]:
    size = f"{prepared.width} × {prepared.height} 格"
    bounds = " ".join(f"{edge:.6g}" for edge in prepared.bounds)
    now = f"现行版本 {prepared.before}" if prepared.before else "此前没有这种栅格"
    return [
        f"{RASTERS[prepared.kind]}：{prepared.path.name}，{size}，坐标系 {prepared.crs}，范围 {bounds}；{now}",
        *(f"  提示：{words}" for words in prepared.told),
    ]


def _report(prepared: PreparedRaster, changed: bool, moved: Any, as_json: bool, words: str) -> None:
    if as_json:
        about = asdict(prepared) | {"path": prepared.path.name}
        print_json(about | {"changed": changed, "restamped": restamped_json(moved)})
        return
    click.echo("\n".join([words, *restamped_lines(moved)]))
