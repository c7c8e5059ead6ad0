"""`xiangye species`: load lists, find a taxon, ask for its protection."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from server import settings as settings_module
from server.db import open_session
from server.taxa import provisional, queries, service
from server.taxa.names import has_chinese
from server.taxa.rules import ResolvedTaxon
from server.web.output import print_json

_CLASS_WORDS = {"I": "国家一级", "II": "国家二级"}
_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("species", help="物种名录：载入、查找、查保护级别")
def species() -> None: ...


@species.command("load", help="载入名录（CSV 与同名 JSON）；不给文件则载入 species_lists/ 全部")
@click.argument("files", nargs=-1, type=_PATH)
@click.option("--json", "as_json", is_flag=True)
def load(files: tuple[Path, ...], as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        loaded = service.load_lists(session, files or None)
    if as_json:
        print_json([vars(one) for one in loaded])
        return
    for one in loaded:
        click.echo(f"{'已载入' if one.changed else '无变化'}  {one.list_id}  {one.title_zh}  {one.rows} 行")


@species.command("find", help="按中文名、拼音、拼音首字母或学名的一部分查找")
@click.argument("text")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500), help="最多几条")
@click.option("--json", "as_json", is_flag=True)
def find(text: str, limit: int, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        found = queries.find(session, text, limit)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo(f"没有找到“{text}”", err=True)
    for taxon in found:
        click.echo(
            "  ".join(
                (taxon["name_zh"] or "—", taxon["scientific_name"], _CLASS_WORDS.get(taxon["protection_class"], ""))
            ).rstrip()
        )


@species.command("protection", help="查一个种的保护级别")
@click.argument("name")
@click.option(
    "--population",
    default="wild",
    show_default=True,
    type=click.Choice(["wild", "captive", "released", "cultivated"]),
    help="种群来源",
)
@click.option("--region", help="行政区代码（GB/T 2260）；默认为本省")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="日期；默认今天")
@click.option("--json", "as_json", is_flag=True)
def protection(name: str, population: str, region: str | None, on: datetime | None, as_json: bool) -> None:
    settings = settings_module.from_environment()
    with open_session(settings) as session:
        taxon = _taxon_named(session, name)
        answer = queries.protection(
            session, taxon, population, region or settings.home_province, on.date() if on else None
        )
    if as_json:
        print_json(answer)
    else:
        click.echo(_sentence(taxon, answer, on.date() if on else None))


def _taxon_named(session: Session, name: str) -> ResolvedTaxon:
    """A species that no list has is still placed by its genus, and nothing is written."""
    pair = (None, name) if has_chinese(name) else (name, None)
    taxon = queries.resolve_many(session, [pair])[0] or provisional.place(session, [pair])[0]
    if taxon is None or taxon.rank == "unranked":
        raise click.ClickException(f"名录中没有“{name}”；xiangye species find 可按部分名称查找")
    return taxon


def _sentence(taxon: ResolvedTaxon, answer: dict[str, Any], on: date | None) -> str:
    name = f"{taxon.name_zh or ''} {taxon.scientific_name}".strip()
    level = _CLASS_WORDS.get(answer["protection_class"], "无国家保护级别")
    if answer["entry"] is None:
        return f"{name}：{level}" + (f"（{on} 施行的名录中没有）" if on else "（施行的名录中没有）")
    return f"{name}：{level}；{answer['list']}，{answer['entry']}；{answer['rule']}"
