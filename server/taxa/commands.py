"""`xiangye species`: keep lists, find a taxon, ask for its protection."""

import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from server import settings as settings_module
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.taxa import about, confirming, crossing, matching, provisional, queries, service, telling, templates
from server.taxa.difference import Difference
from server.taxa.kinds import KINDS
from server.taxa.lists import ParsedList, read_list
from server.taxa.names import has_chinese
from server.taxa.rules import POPULATION_WORDS, PROVINCIAL, ResolvedTaxon
from server.taxa.versions import BUILT_IN
from server.web.output import print_json
from shared.clock import SystemClock

_CLASS_WORDS = {"I": "国家一级", "II": "国家二级", PROVINCIAL: "省重点"}
_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("species", help="物种名录：载入、核对、查找、查保护级别")
def species() -> None: ...


Hold = Callable[[Session], None]
Follow = Callable[[Session, str], list[str]]


def load_with(hold: Hold, follow: Follow) -> click.Command:
    """The command, given what is to be held before lists are written, and what follows them in the same transaction and says so."""

    @click.command(
        "load", help="载入名录（CSV 与同名 JSON，或 XLSX），先列出变化再问；不给文件则载入 species_lists/ 全部，不问"
    )
    @click.argument("files", nargs=-1, type=_PATH)
    @click.option("--yes", is_flag=True, help="不问，直接载入")
    @click.option("--dry-run", is_flag=True, help="只列出变化，不载入")
    @click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
    def load(files: tuple[Path, ...], yes: bool, dry_run: bool, as_json: bool) -> None:
        settings = settings_module.from_environment()
        asked = files or tuple(service.default_paths() if dry_run else ())
        given = [read_list(path) for path in asked]
        with open_session(settings) as session:
            differences = [service.compare(session, parsed, not files) for parsed in given]
        if not as_json:
            _tell(given, differences)
        if dry_run:
            if as_json:
                print_json([telling.as_json(one) for one in differences])
            return
        if not (yes or all(one.empty for one in differences)):
            _ask(as_json)
        alone = len({one.list_id for one in differences}) == len(differences)
        expected = {one.list_id: one.base for one in differences} if alone else {}
        with open_session(settings) as session:
            hold(session)
            by = LOCAL_OPERATOR.name if files else BUILT_IN
            loaded = service.load_lists(session, given or None, by, expected)
            followed = follow(session, by) if any(one.changed for one in loaded) else []
        _tell_loaded(loaded, followed, as_json)

    return load


def _tell_loaded(loaded: Sequence[service.Loaded], followed: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json([vars(one) for one in loaded])
        return
    for one in loaded:
        click.echo(
            f"{'已载入' if one.changed else '无变化'}  {one.list_id}  {one.version}  {one.title_zh}  {one.rows} 行"
        )
    for line in followed:
        click.echo(line)


def _tell(given: Sequence[ParsedList], differences: Sequence[Difference]) -> None:
    for parsed in given:
        for note in parsed.notes:
            click.echo(f"{parsed.file}：{note}")
    for one in differences:
        for line in telling.lines(one):
            click.echo(line)


def _ask(as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise click.ClickException("没有载入：这里不能询问。请加 --yes 载入，或加 --dry-run 只看变化")
    if not click.confirm("载入以上变化？"):
        raise click.ClickException("没有载入，名录未变")


@species.command("check", help="还待人核对的：未核对的行、不认得的名称、过期的敏感规则、未解决的外部编号、一名两种")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def check(as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        found = confirming.check(session, queries.today())
    if as_json:
        print_json(found)
        return
    for one in found["unverified"]:
        click.echo(f"未核对  {one['list_id']}  {one['version']}  {len(one['rows'])} 行：{_ranges(one['rows'])}")
    for title, key in (
        ("名称只见于本名录", "unmatched"),
        ("敏感规则过了复核日期", "overdue"),
        ("外部编号未解决", "open_identifiers"),
    ):
        for one in found[key]:
            named = " ".join(
                str(one[name]) for name in ("name_zh", "scientific_name", "name", "reason") if one.get(name)
            )
            click.echo(f"{title}  {one['list_id']}  第 {one['row']} 行  {named}")
    for one in found["conflicts"]:
        click.echo(f"一名两种  {one['name']}：{'、'.join(one['taxa'])}（{'、'.join(one['lists'])}）")
    if not any(found.values()):
        click.echo("没有待核对的")


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 → 1-3、7"""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return "、".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


@species.command("confirm", help="核对过的行：行号或 38-59 这样的一段；以后各版本里同样的行不必再核")
@click.argument("list_id", metavar="LIST")
@click.argument("rows", nargs=-1, required=True, metavar="ROW…")
@click.option("--basis", required=True, help="依据：与什么核对过")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def confirm(list_id: str, rows: tuple[str, ...], basis: str, as_json: bool) -> None:
    numbers = [number for typed in rows for number in _numbers(typed)]
    with open_session(settings_module.from_environment()) as session:
        done = service.confirm(session, list_id, numbers, basis, LOCAL_OPERATOR.name, SystemClock())
        answer = {"list_id": list_id, "confirmed": [row["entry_no"] for row in done], "basis": basis}
    if as_json:
        print_json(answer)
    else:
        click.echo(f"已核对 {len(done)} 行：{_ranges(answer['confirmed'])}" if done else "这些行早已核对，无变化")


def _numbers(typed: str) -> range:
    first, _, last = typed.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal() and int(last or first) >= int(first)):
        raise click.UsageError(f"不是行号：{typed}")
    if len(last or first) > 7:
        raise click.UsageError(f"行号太大：{typed}；没有一个名录有这么多行")
    return range(int(first), int(last or first) + 1)


@species.command("template", help="写出某种名录的空白模板（XLSX 或 CSV）")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="文件；默认为本文件夹里的 KIND.xlsx")
def template(kind: str, out: Path | None) -> None:
    for path in templates.write(kind, out or Path(f"{kind}.xlsx")):
        click.echo(f"已写出 {path}：{KINDS[kind].title_zh}")


@species.command("bridge", help="两个版本之间各种的去向：改名、拆分、合并、调整、新增、删去")
@click.argument("list_id", metavar="LIST")
@click.argument("from_version", metavar="FROM")
@click.argument("to_version", metavar="TO")
@click.option("--name", help="只问旧版本里的这一种（学名或中文名）在新版本里是什么")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def bridge(list_id: str, from_version: str, to_version: str, name: str | None, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        if name is not None:
            _tell_became(session, list_id, from_version, to_version, name, as_json)
            return
        rows = queries.bridge(session, list_id, from_version, to_version)
        taxa = queries.by_ids(session, [key for one in rows for key in (one.from_taxon_id, one.to_taxon_id) if key])
    if as_json:
        print_json([vars(one) for one in rows])
        return
    for one in rows:
        taxon = taxa[one.to_taxon_id or one.from_taxon_id or ""]
        click.echo(f"{telling.CHANGES[one.change]}  {taxon.name_zh or ''}  {telling.words(one)}")
    if not rows:
        click.echo("没有变化")


def _tell_became(session: Session, list_id: str, from_version: str, to_version: str, name: str, as_json: bool) -> None:
    became = crossing.became(session, list_id, from_version, to_version, name)
    if not became:
        raise click.ClickException(f"名录 {list_id} 的版本 {from_version} 里没有“{name}”这一条")
    if as_json:
        print_json({old: sorted(new) for old, new in became.items()})
        return
    taxa = queries.by_ids(session, [key for new in became.values() for key in new])
    for new in became.values():
        told = "；".join(sorted(f"{taxa[key].name_zh or ''} {taxa[key].scientific_name}".strip() for key in new))
        click.echo(f"{name} → {told or '新版本里没有了'}")


@species.command("match", help="一个写法可能指的种，最像的在前，并说明理由")
@click.argument("text")
@click.option("--limit", default=5, show_default=True, type=click.IntRange(1, 50), help="最多几条")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def match(text: str, limit: int, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        found = matching.propose(session, text, None, limit)
    if as_json:
        print_json([vars(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.name_zh or '—'}  {one.scientific_name}  {matching.REASONS_ZH[one.reason]}  {one.score:.2f}")
    if not found:
        click.echo(f"没有与“{text}”相像的", err=True)


@species.command("show", help="名录里关于一个种的一切：名称、各名录、红色名录评估、性状、易混种、外部编号")
@click.argument("name")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="日期；默认今天")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def show(name: str, on: datetime | None, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        found = about.about(session, _taxon_named(session, name), on.date() if on else queries.today())
    if as_json:
        print_json(found)
    else:
        for line in about.lines(found):
            click.echo(line)


@species.command("find", help="按中文名、拼音、拼音首字母或学名的一部分查找")
@click.argument("text")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500), help="最多几条")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def find(text: str, limit: int, as_json: bool) -> None:
    with open_session(settings_module.from_environment()) as session:
        found = queries.find(session, text, limit)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo(f"没有找到“{text}”", err=True)
    for taxon in found:
        level = _CLASS_WORDS.get(taxon["protection_class"], "")
        click.echo("  ".join((taxon["name_zh"] or "—", taxon["scientific_name"], level)).rstrip())


@species.command("protection", help="查一个种的保护级别")
@click.argument("name")
@click.option(
    "--population", default="wild", show_default=True, type=click.Choice(list(POPULATION_WORDS)), help="种群来源"
)
@click.option("--region", help="行政区代码（GB/T 2260）；默认为本省")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="日期；默认今天")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果")
def protection(name: str, population: str, region: str | None, on: datetime | None, as_json: bool) -> None:
    settings = settings_module.from_environment()
    day = on.date() if on else None
    with open_session(settings) as session:
        taxon = _taxon_named(session, name)
        answer = queries.protection(session, taxon, population, region or settings.home_province, day)
        later = about.not_yet_in_force(session, day) if day else []
    if as_json:
        print_json(answer | ({"not_yet_in_force": [title for title, _ in later]} if later else {}))
        return
    click.echo(_sentence(taxon, answer, day, known=not later))
    for title, begins in later:
        click.echo(f"注意：《{title}》自 {begins} 起施行，库中没有更早的名录；那时的国家保护级别不能由此断定")


def _taxon_named(session: Session, name: str) -> ResolvedTaxon:
    """A species that no list has is still placed by its genus, and nothing is written."""
    pair = (None, name) if has_chinese(name) else (name, None)
    taxon = queries.resolve_many(session, [pair])[0] or provisional.place(session, [pair])[0]
    if taxon is None or taxon.rank == "unranked":
        raise click.ClickException(f"名录中没有“{name}”；xiangye species find 可按部分名称查找")
    return taxon


def _sentence(taxon: ResolvedTaxon, answer: dict[str, Any], on: date | None, known: bool) -> str:
    name = f"{taxon.name_zh or ''} {taxon.scientific_name}".strip()
    if answer["entry"] is None:
        if not known:
            return f"{name}：库中 {on} 施行的名录里没有"
        return f"{name}：无国家保护级别" + (f"（{on} 施行的名录中没有）" if on else "（施行的名录中没有）")
    return f"{name}：" + "\n".join(_said(one) for one in (answer, *answer.get("also", ())))


def _said(answer: dict[str, Any]) -> str:
    level = _CLASS_WORDS.get(answer["protection_class"], "无国家保护级别")
    return f"{level}；{answer['list']}，{answer['entry']}；{answer['rule']}"
