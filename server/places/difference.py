"""What a file would change, in words and figures: shown before anything is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from server.places.features import Place, same_shape
from server.places.measuring import area_km2, length_km

_WORDS: Mapping[str, str] = {
    "name_zh": "名称",
    "parent_code": "所属保护地",
    "level": "级别",
    "category": "类别",
    "scheme": "分区方案",
    "county_codes": "所在县",
    "area_ha": "登记面积（公顷）",
    "status": "核实情况",
    "note": "备注",
}
_SHOWN = 30


@dataclass(frozen=True)
class Named:
    code: str
    name_zh: str
    size: str


@dataclass(frozen=True)
class Changed:
    """`facts`: column → (before, after). The areas are None where the shape did not change or is no area."""

    code: str
    name_zh: str
    facts: Mapping[str, tuple[Any, Any]]
    shape_changed: bool
    km2_before: float | None = None
    km2_after: float | None = None
    km2_gained: float | None = None
    km2_lost: float | None = None


@dataclass(frozen=True)
class Difference:
    """`carried`: what the file does not name and the new version takes over; `same`: named and found unchanged."""

    added: tuple[Named, ...]
    gone: tuple[Named, ...]
    changed: tuple[Changed, ...]
    same: int
    carried: int

    @property
    def is_nothing(self) -> bool:
        return not (self.added or self.gone or self.changed)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        counts = (
            f"新增 {len(self.added)}，不再有 {len(self.gone)}，改变 {len(self.changed)}，相同 {self.same}，"
            f"文件未提而沿用 {self.carried}"
        )
        return [
            counts,
            *_some([f"  新增  {one.code} {one.name_zh}{one.size}" for one in self.added]),
            *_some([f"  不再有  {one.code} {one.name_zh}{one.size}" for one in self.gone]),
            *_some([f"  改变  {one.code} {one.name_zh}：{_change(one)}" for one in self.changed]),
        ]


def compare(before: Mapping[str, Place], after: Sequence[Place], gone: Collection[Place], standing: int) -> Difference:
    """`before`: the places of the same codes; `standing`: how many the version before has in all."""
    both = [(before[place.code], place) for place in after if place.code in before]
    changes = [change for pair in both if (change := _changed(*pair)) is not None]
    return Difference(
        tuple(_named(place) for place in after if place.code not in before),
        tuple(_named(place) for place in gone),
        tuple(changes),
        len(both) - len(changes),
        standing - len(both) - len(gone),
    )


def _changed(old: Place, new: Place) -> Changed | None:
    was, is_now = old.facts(), new.facts()
    facts = {name: (was.get(name), is_now.get(name)) for name in is_now | was if was.get(name) != is_now.get(name)}
    shape_changed = not same_shape(old.shape, new.shape)
    if not facts and not shape_changed:
        return None
    if not shape_changed or new.shape is None or shapely.get_dimensions(new.shape) < 2:
        return Changed(new.code, new.name_zh, facts, shape_changed)
    ground = old.shape if old.shape is not None else shapely.Polygon()
    return Changed(
        new.code,
        new.name_zh,
        facts,
        shape_changed,
        _rounded(ground),
        _rounded(new.shape),
        _rounded(shapely.difference(new.shape, ground)),
        _rounded(shapely.difference(ground, new.shape)),
    )


def _rounded(shape: BaseGeometry) -> float:
    return round(area_km2(shape), 4)


def _named(place: Place) -> Named:
    return Named(place.code, place.name_zh, _size(place.shape))


def _size(shape: BaseGeometry | None) -> str:
    if shape is None:
        return "（仅登记，无边界）"
    if shapely.get_dimensions(shape) == 0:
        return ""
    if shapely.get_dimensions(shape) == 1:
        return f"（{length_km(shape):.1f} km）"
    return f"（{area_km2(shape):.2f} km²）"


def _change(one: Changed) -> str:
    words = [f"{_WORDS.get(name, name)} {_cell(old)} → {_cell(new)}" for name, (old, new) in sorted(one.facts.items())]
    if one.km2_after is not None:
        words.append(
            f"面积 {one.km2_before:.2f} → {one.km2_after:.2f} km²，划入 {one.km2_gained:.2f}、划出 {one.km2_lost:.2f} km²"
        )
    elif one.shape_changed:
        words.append("图形有变")
    return "；".join(words)


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or "（空）"
    return "（空）" if value in (None, "") else str(value)


def _some(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"  ……另有 {rest} 个（--json 列出全部）"] if rest > 0 else [])]
