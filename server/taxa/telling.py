"""A difference between two versions of a list in words, for the person who is asked whether it shall be loaded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from server.taxa.bridging import Bridge
from server.taxa.columns import COLUMNS
from server.taxa.descriptors import FIELDS
from server.taxa.difference import Change, Difference
from server.taxa.kinds import category_word
from server.taxa.matching import REASONS_ZH
from server.taxa.versions import Row

_FIRST = 8
CHANGES: Mapping[str, str] = {
    "renamed": "改名",
    "split": "拆分",
    "merged": "合并",
    "reclassified": "调整级别或科",
    "added": "新增",
    "gone": "删去",
}


def lines(difference: Difference) -> Iterator[str]:
    d, kind = difference, difference.kind
    named = f"{d.title_zh}（{d.list_id}），{d.rows} 行："
    if d.empty:
        yield f"{named}版本 {d.version}，无变化"
        return
    yield named + (f"版本 {d.base} → {d.version}" if d.base else f"新名录，版本 {d.version}")
    if d.described:
        yield f"  说明变化：{'、'.join(FIELDS[name].zh if name in FIELDS else name for name in d.described)}"
    if d.base:
        yield from _block("新增", [name_of(row, kind) for row in d.added])
        yield from _block("删去", [name_of(row, kind) for row in d.gone])
        yield from _block("改动", [_changed(one, kind) for one in d.changed], "处")
        for change in ("renamed", "split", "merged", "reclassified"):
            yield from _block(CHANGES[change], [words(one) for one in d.of(change)], "种")
    yield from _block("按异名归入", [f"{name_of(row, kind)} → {accepted}" for row, accepted in d.synonyms])
    yield from _block(
        "名称不认得（仍会收入，按属归类，待核对）", [_unmatched(row, found, kind) for row, found in d.unmatched]
    )


def _block(title: str, rows: Sequence[str], unit: str = "行") -> Iterable[str]:
    if rows:
        yield f"  {title} {len(rows)} {unit}"
        yield from (f"    {row}" for row in rows[:_FIRST])
        if len(rows) > _FIRST:
            yield f"    ……另有 {len(rows) - _FIRST} {unit}，全部见 --json"


def heading(column: str) -> str:
    return COLUMNS[column].zh if column in COLUMNS else column


def name_of(row: Row, kind: str = "") -> str:
    named = [row.get(name, "") for name in ("no", "name_zh", "name", "text", "scientific_name")]
    return " ".join(filter(None, [*named, category_word(kind, row.get("category", ""))]))


def _changed(cell: Change, kind: str) -> str:
    before, after = cell.before, cell.after
    if cell.field == "category":
        before, after = category_word(kind, before), category_word(kind, after)
    return f"{name_of(cell.row, kind)}：{heading(cell.field)} {before or '空'} → {after or '空'}"


def words(one: Bridge) -> str:
    return f"{one.from_value or '空'} → {one.to_value or '空'}"


def _unmatched(row: Row, candidates: Sequence[Any], kind: str) -> str:
    if any(one.scientific_name == row["scientific_name"] for one in candidates):
        return name_of(row, kind) + "；先前已按此名收入，仍待核对"
    proposed = "、".join(f"{c.name_zh or ''} {c.scientific_name}（{REASONS_ZH[c.reason]}）".strip() for c in candidates)
    return name_of(row, kind) + (f"；或许是：{proposed}" if proposed else "")


def as_json(difference: Difference) -> dict[str, Any]:
    d = difference
    return {
        **{name: getattr(d, name) for name in ("list_id", "title_zh", "version", "base", "rows")},
        "unchanged": d.empty,
        "described": list(d.described),
        "added": list(d.added),
        "gone": list(d.gone),
        "changed": [
            {"row": c.row["no"], "was_row": c.before_no, "field": c.field, "before": c.before, "after": c.after}
            for c in d.changed
        ],
        **{
            change: [bridge_json(one) for one in d.of(change)]
            for change in ("renamed", "split", "merged", "reclassified")
        },
        "synonyms": [{"row": row["no"], "accepted": accepted} for row, accepted in d.synonyms],
        "unmatched": [{"row": row, "candidates": [vars(one) for one in found]} for row, found in d.unmatched],
    }


def bridge_json(one: Bridge) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("from_taxon_id", "to_taxon_id", "from_value", "to_value")}
